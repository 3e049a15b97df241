package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"raftkv/harness/disk"
)

const (
	defaultNodes = 5
	maxNodes     = 9
)

// Spec says what cluster to start.
type Spec struct {
	// Name is the run's name; it becomes part of container names and labels.
	Name string
	// Nodes is how many there are: 5 if 0, at most 9.
	Nodes int
	// Joiners is how many of them, the last ones, run and wait to be added to the
	// cluster that the others found.
	Joiners int
	// Binary is the path of the store's program. For the docker driver it must
	// be a static Linux program.
	Binary string
	// Image is run instead of Binary, if it is given: the engine must have it, and
	// its entrypoint takes Binary's command line. Docker driver only. It is run as
	// root, for nobody else may write into a new volume.
	Image string
	// Proxy is the path of a static Linux toxiproxy-server; docker driver only.
	Proxy string
	// Flags are more flags of "raftkv serve", by name without dashes.
	Flags map[string]string
	// Env is added to the nodes' environment.
	Env map[string]string
	// Events has each node write down what it does (--events), for SaveLogs to
	// save. The program must know that flag: see WritesEvents.
	Events bool
	// Dir holds logs and, for the process driver, data. If it is empty a
	// temporary folder is used and removed at the end.
	Dir string
	// Disks is what the nodes' data is on. Start fails with disk.ErrUnavailable
	// where the driver or the host does not have it; see driver.Lacks.
	Disks disk.Kind
	// Seed names the run's schedule; it is put on labels only.
	Seed int64
}

// Check fills in defaults and says in one line what is wrong, if anything.
func (s Spec) Check() (Spec, error) {
	if s.Nodes == 0 {
		s.Nodes = defaultNodes
	}
	if s.Name == "" {
		s.Name = "run"
	}
	if s.Nodes < 1 || s.Nodes > maxNodes {
		return s, fmt.Errorf("a cluster has 1 to %d nodes, not %d", maxNodes, s.Nodes)
	}
	if s.Joiners < 0 || s.Joiners >= s.Nodes {
		return s, fmt.Errorf("%d of %d nodes cannot be joiners", s.Joiners, s.Nodes)
	}
	return s, s.checkProgram()
}

func (s Spec) checkProgram() error {
	if s.Image != "" {
		return nil
	}
	if s.Binary == "" {
		return errors.New("no path of the raftkv program given")
	}
	if _, err := os.Stat(s.Binary); err != nil {
		return fmt.Errorf("the raftkv program: %w", err)
	}
	return nil
}

// IDs lists the node ids, ascending.
func (s Spec) IDs() []int {
	ids := make([]int, s.Nodes)
	for i := range ids {
		ids[i] = i + 1
	}
	return ids
}

// Node is where one node listens and how it reaches the others.
type Node struct {
	ID                   int
	Data                 string
	Client, Peer, Admin  string // listening addresses
	Advertise            string // the client address that clients can use
	Peers                string // --peers, as this node dials them
	Events               string // --events, as the node sees the path; empty: none
	extraFlags, extraEnv map[string]string
}

// Node gives the node that the spec's flags and environment apply to.
func (s Spec) Node(n Node) Node {
	n.extraFlags, n.extraEnv = maps.Clone(s.Flags), s.Env
	if s.Joiners == 0 {
		return n
	}
	if n.extraFlags == nil {
		n.extraFlags = map[string]string{}
	}
	founders := s.Nodes - s.Joiners
	if n.ID > founders {
		n.extraFlags["join"] = "true"
		return n
	}
	var ids []string
	for _, id := range s.IDs()[:founders] {
		ids = append(ids, fmt.Sprint(id))
	}
	n.extraFlags["founders"] = strings.Join(ids, ",")
	return n
}

// Args gives the command line, without the program's name.
func (n Node) Args() []string {
	flags := map[string]string{
		"id":               fmt.Sprint(n.ID),
		"data-dir":         n.Data,
		"listen-client":    n.Client,
		"listen-peer":      n.Peer,
		"listen-admin":     n.Admin,
		"advertise-client": n.Advertise,
		"peers":            n.Peers,
	}
	if n.Events != "" {
		flags["events"] = n.Events
	}
	maps.Copy(flags, n.extraFlags)
	args := []string{"serve"}
	for _, k := range slices.Sorted(maps.Keys(flags)) {
		args = append(args, "--"+k+"="+flags[k])
	}
	return args
}

// EventsName is the name under which SaveLogs saves a node's events.
func EventsName(id int) string { return fmt.Sprintf("n%d.events.jsonl", id) }

// WritesEvents asks a program whether its serve command knows --events. Another
// store may answer a question for help with any exit code.
func WritesEvents(ctx context.Context, binary string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, NodeTimeout)
	defer cancel()
	help, err := exec.CommandContext(ctx, binary, "serve", "--help").CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &exit)) {
		return false, fmt.Errorf("ask %s whether it writes events: %w", binary, errors.Join(err, ctx.Err()))
	}
	return TellsOfEvents(help), nil
}

// TellsOfEvents reads a serve command's help.
func TellsOfEvents(help []byte) bool { return bytes.Contains(help, []byte("--events")) }

// Env gives what is added to the environment.
func (n Node) Env() map[string]string { return maps.Clone(n.extraEnv) }
