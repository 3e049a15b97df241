package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"raftkv/client"
	"raftkv/harness/cluster"
	"raftkv/harness/driver"
	"raftkv/harness/fault"
	"raftkv/harness/link"
	"raftkv/harness/proof"
	"raftkv/harness/workload/memstore"
	"raftkv/history"
)

// electionTakes is how long the fake cluster is without a leader.
const electionTakes = 400 * time.Millisecond

// fake is a cluster without processes: five nodes that are there or not, over
// one memory. It keeps Raft's promises unless a test breaks them.
type fake struct {
	data *memstore.Data

	// What a test breaks.
	immortal    bool // kills claim success and kill nobody
	lives       int  // so do those after this many; 0: none does
	noQuorum    bool // the data is served whatever the nodes do
	neverElects bool // once the first leader is gone nobody leads
	lying       bool // a cut leader answers reads from its memory
	startFails  bool
	finals      int // once muted, so many reads succeed yet
	muted       bool
	hides       time.Duration     // how long after its election a leader is seen to lead
	files       map[string]string // saved with the logs
	voters      []int             // as the nodes name them; nil: they do not
	links       *link.Set         // nil: it has none

	mu     sync.Mutex
	phase  map[int]cluster.Phase
	cut    map[int]bool
	leader int
	term   uint64
	from   time.Time // when the leader took office
	heals  int
	kills  int
	closed bool
}

func newFake() *fake {
	f := &fake{
		data: &memstore.Data{Delay: time.Millisecond}, phase: map[int]cluster.Phase{},
		cut: map[int]bool{}, leader: 1, term: 1,
	}
	for _, id := range f.Nodes() {
		f.phase[id] = cluster.Running
	}
	f.data.Gate = f.gate
	return f
}

func (f *fake) start(_ context.Context, _ cluster.Spec, _ string) (driver.Started, error) {
	if f.startFails {
		return driver.Started{}, errors.New("no room for another cluster")
	}
	return driver.Started{Cluster: f, Choice: driver.Choice{Driver: "fake", Why: "a test"}}, nil
}

func (f *fake) deps() deps { return deps{start: f.start, dial: f.data.Dial, has: f.has} }

// has are the kinds that the fake knows how to suffer.
func (f *fake) has(_ context.Context, k fault.Kind, _ cluster.Cluster) error {
	if !downs(k.Name) {
		return fmt.Errorf("a fake has no %s", k.Name)
	}
	return nil
}

// healthy tells whether a node takes part. Callers hold mu.
func (f *fake) healthy(id int) bool { return f.phase[id] == cluster.Running && !f.cut[id] }

func (f *fake) quorum() bool {
	n := 0
	for _, id := range f.Nodes() {
		if f.healthy(id) {
			n++
		}
	}
	return n > len(f.Nodes())/2
}

// settle lets the healthy nodes elect a leader if they need one and can.
func (f *fake) settle() {
	if f.healthy(f.leader) && f.quorum() || f.neverElects && f.term > 0 && f.healthy(f.leader) {
		return
	}
	if f.neverElects || !f.quorum() {
		f.leader = 0
		return
	}
	for _, id := range f.Nodes() {
		if f.healthy(id) {
			f.leader, f.term, f.from = id, f.term+1, time.Now().Add(electionTakes)
			return
		}
	}
}

func (f *fake) gate(address string, _ history.Function) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.muted {
		if f.finals--; f.finals < 0 {
			return fmt.Errorf("muted: %w", client.ErrNotDone)
		}
	}
	led := f.leader != 0 && !time.Now().Before(f.from)
	if f.noQuorum || led && (address == "" || f.healthy(nodeAt(address))) {
		return nil
	}
	if f.lying && address != "" && f.cut[nodeAt(address)] && f.phase[nodeAt(address)] == cluster.Running {
		return nil
	}
	return fmt.Errorf("no leader: %w", client.ErrNotDone)
}

func nodeAt(address string) int {
	var id int
	_, _ = fmt.Sscanf(address, "n%d", &id) // an address of several nodes is none's
	return id
}

func (f *fake) Name() string             { return "fake" }
func (f *fake) Nodes() []int             { return []int{1, 2, 3, 4, 5} }
func (f *fake) ClientAddr(id int) string { return fmt.Sprintf("n%d", id) }
func (f *fake) AdminURL(int) string      { return "" }
func (f *fake) Links() *link.Set         { return f.links }
func (f *fake) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fake) SaveLogs(_ context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range f.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "n1.log"), []byte("started\n"), 0o644)
}

// become puts a node in a phase.
func (f *fake) become(id int, p cluster.Phase, action string) (proof.Evidence, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.immortal {
		f.phase[id] = p
		f.settle()
	}
	if p == cluster.Running {
		f.heals++
	}
	return proof.Evidence{Action: action, Target: fmt.Sprintf("n%d", id), Outcome: proof.Installed}, nil
}

func (f *fake) Kill(_ context.Context, id int) (proof.Evidence, error) {
	f.mu.Lock()
	f.kills++
	f.immortal = f.immortal || f.lives > 0 && f.kills > f.lives
	f.mu.Unlock()
	return f.become(id, cluster.Exited, "kill")
}
func (f *fake) Stop(_ context.Context, id int) (proof.Evidence, error) {
	return f.become(id, cluster.Exited, "stop")
}
func (f *fake) Start(_ context.Context, id int) (proof.Evidence, error) {
	return f.become(id, cluster.Running, "start")
}
func (f *fake) Pause(_ context.Context, id int) (proof.Evidence, error) {
	return f.become(id, cluster.Paused, "pause")
}
func (f *fake) Resume(_ context.Context, id int) (proof.Evidence, error) {
	return f.become(id, cluster.Running, "resume")
}

func (f *fake) State(_ context.Context, id int) (cluster.NodeState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return cluster.NodeState{Phase: f.phase[id], ExitCode: 137, Detail: "fake"}, nil
}

func (f *fake) Status(ctx context.Context, id int) (cluster.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return cluster.Status{}, err
	}
	if f.phase[id] != cluster.Running {
		return cluster.Status{}, errors.New("connection refused")
	}
	s := cluster.Status{ID: id, Role: "follower", Term: f.term, Leader: f.leader, Voters: f.voters}
	if id == f.leader && !time.Now().Before(f.from.Add(f.hides)) {
		s.Role = "leader"
	}
	return s, nil
}

// scripted is a fault that a test writes out.
type scripted struct {
	inject, heal func(*fake) (proof.Outcome, error)
}

func (s scripted) Name() string { return "scripted" }

func (s scripted) Inject(_ context.Context, c cluster.Cluster) (proof.Evidence, error) {
	o, err := s.inject(c.(*fake))
	return proof.Evidence{Action: "inject", Target: "cluster", Outcome: o, Detail: "scripted"}, err
}

func (s scripted) Heal(_ context.Context, c cluster.Cluster) (proof.Evidence, error) {
	f := c.(*fake)
	f.mu.Lock()
	f.heals++
	f.mu.Unlock()
	o, err := s.heal(f)
	return proof.Evidence{Action: "heal", Target: "cluster", Outcome: o, Detail: "scripted"}, err
}

func installed(*fake) (proof.Outcome, error) { return proof.Installed, nil }

// cutTargets cuts nodes from the rest; clients still reach them.
func cutTargets(d Draw) fault.Fault {
	set := func(f *fake, cut bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range d.Targets {
			f.cut[id] = cut
		}
		f.settle()
	}
	return scripted{
		inject: func(f *fake) (proof.Outcome, error) {
			for _, id := range d.Targets {
				f.data.Freeze(f.ClientAddr(id))
			}
			set(f, true)
			return proof.Installed, nil
		},
		heal: func(f *fake) (proof.Outcome, error) {
			for _, id := range d.Targets {
				f.data.Thaw(f.ClientAddr(id))
			}
			set(f, false)
			return proof.Installed, nil
		},
	}
}
