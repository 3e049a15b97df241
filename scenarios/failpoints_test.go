package scenarios

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/process"
)

var (
	pointRounds = flag.Int("point-rounds", 1, "how many times TestKillAtEachPointLosesNothing kills a node at each named point")
	pointFilter = flag.String("points", "", "the only points to die at: a regular expression")
)

// pointRun is three nodes whose build can die at named points, and what they
// have acknowledged.
type pointRun struct {
	t     *testing.T
	c     cluster.Cluster
	dir   string
	acked *acknowledged
	loads int
}

// TestKillAtEachPointLosesNothing kills a node between two of its effects, at
// each of the points that node/failpoint names, and the other two at the same
// moment, so that nothing is left but disks. Every point must really be where
// the node died, and nothing acknowledged may be lost.
func TestKillAtEachPointLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs three processes; left out under -short")
	}
	points := failpoints(t)
	r := newPointRun(t)
	began, deaths := time.Now(), 0
	for _, point := range points {
		for round := range *pointRounds {
			r.dieAt(t.Context(), point, round)
			deaths++
		}
	}
	r.startAll(t.Context())
	requireAll(t.Context(), t, r.c, r.acked)
	t.Logf("%d points, %d deaths in %.0f s, %d acknowledged writes, none lost",
		len(points), deaths, time.Since(began).Seconds(), len(r.acked.keys))
}

// failpoints reads the points' names out of the store's source: nothing here
// may import the store.
func failpoints(t *testing.T) (names []string) {
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(root, "node", "failpoint", "points.go"))
	require.NoError(t, err)
	only := regexp.MustCompile(*pointFilter)
	for _, m := range regexp.MustCompile(`Point = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		if only.MatchString(m[1]) {
			names = append(names, m[1])
		}
	}
	require.NotEmpty(t, names)
	return names
}

// newPointRun builds and starts the nodes, and kills them: each round begins
// with all of them down.
func newPointRun(t *testing.T) *pointRun {
	root, err := driver.RepoRoot()
	require.NoError(t, err)
	binary, dir := filepath.Join(t.TempDir(), "raftkv"), t.TempDir()
	require.NoError(t, driver.BuildNode(t.Context(), root, binary, "raftkv_failpoints"))
	spec := cluster.Spec{Name: "points", Dir: dir, Nodes: 3, Binary: binary, Flags: map[string]string{
		"snapshot-entries": "30", "trailing-entries": "5", "election-timeout": "120ms", "heartbeat-interval": "20ms", "log-level": "warn"}}
	started, err := driver.Start(t.Context(), spec, process.Name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = started.Close(context.WithoutCancel(t.Context())) })
	r := &pointRun{t: t, c: started.Cluster, dir: dir, acked: &acknowledged{keys: map[string]string{}}}
	r.killAll(t.Context())
	return r
}

// dieAt is one round: the victim, a leader or a follower as it happens, dies
// at the point under load, and takes the others with it.
func (r *pointRun) dieAt(ctx context.Context, point string, round int) {
	victim := 1 + round%3
	stop := r.load(ctx)
	defer stop()
	r.startOthers(ctx, victim)
	if strings.HasPrefix(point, "install") {
		r.leaveBehind()
	}
	r.arm(victim, point)
	// It may die before anybody has seen it well, which Start calls an error.
	_, startErr := r.c.Start(ctx, victim)
	for try := 1; !r.downWithin(ctx, victim, time.Duration(try)*4*time.Second); try++ {
		require.Less(r.t, try, 9, "node %d never died at %s (start: %v)", victim, point, startErr)
		// It may have nothing to do there until the next election.
		r.killOthers(ctx, victim)
		r.startOthers(ctx, victim)
	}
	r.killAll(ctx)
	r.diedAt(ctx, victim, point)
}

// leaveBehind lets the other two write so much that the victim, when it comes
// back, needs a snapshot.
func (r *pointRun) leaveBehind() {
	before := r.acked.count()
	require.Eventually(r.t, func() bool { return r.acked.count() > before+250 }, 3*patience, 2*time.Millisecond,
		"the other two acknowledge too little")
}

// arm writes down where the node is to die when it is started next.
func (r *pointRun) arm(id int, point string) {
	nth := 1
	switch {
	case strings.HasPrefix(point, "install"), strings.HasPrefix(point, "hardstate"):
	case strings.HasPrefix(point, "rename"), strings.HasPrefix(point, "compact"):
		nth += rand.IntN(2)
	default:
		nth += rand.IntN(30)
	}
	require.NoError(r.t, os.WriteFile(r.file(id, "crash-at"), fmt.Appendf(nil, "%s %d", point, nth), 0o644))
}

func (r *pointRun) file(id int, name string) string {
	return filepath.Join(r.dir, fmt.Sprintf("n%d", id), name)
}

func (r *pointRun) down(ctx context.Context, id int) bool {
	s, err := r.c.State(ctx, id)
	return err == nil && s.Phase == cluster.Exited
}

// downWithin waits for the node to end.
func (r *pointRun) downWithin(ctx context.Context, id int, limit time.Duration) bool {
	late := time.After(limit)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !r.down(ctx, id) {
		select {
		case <-late:
			return false
		case <-tick.C:
		}
	}
	return true
}

// diedAt requires that the node killed itself at the point, and takes the marks
// of that away.
func (r *pointRun) diedAt(ctx context.Context, id int, point string) {
	s, err := r.c.State(ctx, id)
	require.NoError(r.t, err)
	at, err := os.ReadFile(r.file(id, "crashed-at"))
	require.NoError(r.t, err, "node %d ended with code %d, but not at its point", id, s.ExitCode)
	require.Equal(r.t, point, string(at))
	require.Equal(r.t, 137, s.ExitCode)
	require.NoError(r.t, os.Remove(r.file(id, "crash-at")))
	require.NoError(r.t, os.Remove(r.file(id, "crashed-at")))
}

// load writes from several clients until it is stopped.
func (r *pointRun) load(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	r.loads++
	for w := range 4 {
		wg.Go(func() { load(ctx, r.t, r.c, r.acked, fmt.Sprintf("%d-%d", r.loads, w)) })
	}
	return func() { cancel(); wg.Wait() }
}

func (r *pointRun) killAll(ctx context.Context) { r.killOthers(ctx, 0) }

func (r *pointRun) killOthers(ctx context.Context, but int) {
	each(r.t, r.c, func(id int) error {
		if id == but || r.down(ctx, id) {
			return nil
		}
		_, err := r.c.Kill(ctx, id)
		return err
	})
}

func (r *pointRun) startAll(ctx context.Context) { r.startOthers(ctx, 0) }

func (r *pointRun) startOthers(ctx context.Context, but int) {
	each(r.t, r.c, func(id int) error {
		if id == but {
			return nil
		}
		_, err := r.c.Start(ctx, id)
		return err
	})
}
