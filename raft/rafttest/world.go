package rafttest

import (
	"fmt"
	"runtime/debug"
	"time"

	"raftkv/history"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// world is one run: everything there is, and the one seed it comes from.
type world struct {
	clock
	opts Options
	plan plan

	netDice, diskDice, nodeDice, faultDice dice

	nodes   []*node  // by number - 1
	members []uint64 // all nodes' numbers
	net     *network
	nemesis *nemesis
	clients []*client
	checks  *checker
	trace   trace
	failure *Failure
	// undecided is the judge's reason, if it could not decide.
	undecided string

	readID    uint64
	processes int
	events    []history.Event
	calls     []CallStep
	oks       int
	lastSeen  map[string]history.Value
	plants    plantState
}

// Failure is the first rule a run broke.
type Failure struct {
	Seed uint64
	// Rule names what was broken, in a word or two; Detail says how.
	Rule, Detail string
	At           time.Duration
	// Trace is the last lines before it.
	Trace string
}

// Error says which seed broke which rule; Trace is not part of it.
func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d at %v: %s: %s", f.Seed, f.At, f.Rule, f.Detail)
}

// Result is what a run gave.
type Result struct {
	// Hash over every line of the trace: equal for two runs of one seed.
	Hash    uint64
	Failure *Failure
	// Simulated is how much virtual time passed, Steps how many lines the trace has.
	Simulated time.Duration
	Steps     uint64
	// Operations that clients finished, and the highest term and index reached.
	Operations      int
	Term, Committed uint64
	Snapshots       int
	// Undecided says why the judge could not tell whether the history is
	// linearizable, if so. Every other rule was kept.
	Undecided  string
	Changes    int // of the membership
	ByLease    int // batches of reads that a lease confirmed
	Recoveries int // of nodes whose disks were damaged
	Wiped      int // folders that were emptied
	Bent       int // messages of which a bit was changed on their way
	// Faults and Calls are what happened until the healing, by number: what
	// Options.Keep can choose from.
	Faults  []FaultStep
	Calls   []CallStep
	History []history.Event
}

// Run makes one run. It never blocks and reads no clock, so it may be called
// from any goroutine; two runs share nothing.
func Run(o Options) Result {
	o.Duration = o.duration()
	w := newWorld(o)
	w.guarded()
	return Result{
		Hash: w.trace.hash, Failure: w.failure, Simulated: w.now, Steps: w.trace.count,
		Operations: w.oks, Term: w.checks.maxTerm, Committed: uint64(len(w.checks.committed)),
		Snapshots: w.checks.restores, Undecided: w.undecided, Changes: w.checks.changes, ByLease: w.checks.byLease, Recoveries: w.checks.recoveries, Wiped: len(w.checks.graves), Bent: w.net.bent,
		Faults: w.nemesis.done, Calls: w.calls, History: w.events,
	}
}

func newWorld(o Options) *world {
	w := &world{
		opts: o, netDice: newDice(o.Seed, streamNetwork), diskDice: newDice(o.Seed, streamDisk),
		nodeDice: newDice(o.Seed, streamNode), faultDice: newDice(o.Seed, streamFault),
		lastSeen: map[string]history.Value{},
		plants:   plantState{tails: map[uint64][]raft.Entry{}, rounds: map[uint64]uint64{}},
	}
	w.trace.out = o.Trace
	w.plan = newPlan(o, newDice(o.Seed, streamPlan))
	w.members = w.plan.members()
	w.net = newNetwork(w, len(w.members))
	w.checks = newChecker(w)
	w.nemesis = &nemesis{w: w, dice: w.faultDice}
	for _, number := range w.members {
		w.nodes = append(w.nodes, newNode(w, number))
	}
	w.restoreAll()
	for range w.plan.clients {
		w.clients = append(w.clients, w.newClient())
	}
	return w
}

// guarded runs and turns a panic into a failure of the run, with its stack.
func (w *world) guarded() {
	defer func() {
		if p := recover(); p != nil {
			w.fail("panic", "%v\n%s", p, debug.Stack())
		}
	}()
	w.run()
}

func (w *world) run() {
	for _, n := range w.nodes {
		n.setDrift(w.nodeDice.drift(w.plan.drift))
		n.start()
	}
	for _, c := range w.clients {
		c.next()
	}
	w.nemesis.begin()
	if !w.until(w.opts.Duration, func() bool { return false }) {
		return
	}
	w.finish()
}

// until lets the world go on to the limit, or until the condition holds.
// False: a rule was broken.
func (w *world) until(limit time.Duration, condition func() bool) bool {
	for w.failure == nil && !condition() && w.step(limit) {
	}
	return w.failure == nil
}

// node is the one with that number, or of that engine id, in whatever folder.
func (w *world) node(id uint64) *node { return w.nodes[membership.Node(id)-1] }

// member is the node whose folder has that engine id; nil if it was emptied since.
func (w *world) member(id uint64) *node {
	if n := w.node(id); n.id == id {
		return n
	}
	return nil
}

// fail records the first broken rule; the run ends with it.
func (w *world) fail(rule, format string, args ...any) {
	if w.failure != nil {
		return
	}
	w.failure = &Failure{
		Seed: w.opts.Seed, Rule: rule, Detail: fmt.Sprintf(format, args...), At: w.now, Trace: w.trace.last(),
	}
}

func (w *world) note(r record) {
	r.at = w.now
	w.trace.add(r)
}

func (w *world) newClient() *client {
	process := w.newProcess()
	c := &client{w: w, number: uint64(process), process: process}
	c.roll()
	return c
}

func (w *world) newProcess() int {
	w.processes++
	return w.processes
}

// record adds an event to the history.
func (w *world) record(e history.Event) {
	if e.Kind == history.Ok {
		w.oks++
	}
	w.events = append(w.events, e)
}

// remember keeps what clients last learnt of a key, for the next
// compare-and-swap to have a chance.
func (w *world) remember(e history.Event) {
	switch {
	case e.F == history.Delete:
		w.lastSeen[e.Key] = history.Value{}
	case e.F != history.CAS || !e.Swapped:
		w.lastSeen[e.Key] = e.Value
	default:
		delete(w.lastSeen, e.Key)
	}
}
