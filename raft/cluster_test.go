package raft

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// disk is what a test node has stored, and the writes on their way to it.
type disk struct {
	hs       HardState
	snapshot SnapshotMeta
	entries  []Entry
	async    bool
	pending  []Ready
	written  []Durable // done, but the engine has not heard of it
}

// write does what the package comment asks for: hard state, truncation, append.
func (d *disk) write(rd Ready) {
	if rd.HardState != nil {
		d.hs = *rd.HardState
	}
	if len(rd.Entries) == 0 {
		return
	}
	keep := rd.Entries[0].Index - d.snapshot.Index - 1
	d.entries = append(d.entries[:keep:keep], rd.Entries...)
}

// testNode is an engine with a disk and a state machine that only remembers.
type testNode struct {
	*Node
	cfg     Config
	disk    disk
	applied []Entry
	reads   []ReadState
}

// testCluster is a network of nodes. Messages wait in flight, in order, until
// they are delivered, dropped or held.
type testCluster struct {
	nodes  map[uint64]*testNode
	flight []Message
	held   []Message
	cut    map[[2]uint64]bool // directed links that lose everything
	lose   func(Message) bool // and what else is lost, if set
}

func newTestCluster() *testCluster {
	return &testCluster{nodes: map[uint64]*testNode{}, cut: map[[2]uint64]bool{}}
}

// newCluster starts n voters.
func newCluster(n int) *testCluster {
	c := newTestCluster()
	var conf ConfState
	for id := range uint64(n) {
		conf.Voters = append(conf.Voters, id+1)
	}
	for _, id := range conf.Voters {
		c.add(testConfig(id, conf))
	}
	return c
}

// testConfig has round numbers. Node i's election timeout is 9+i ticks.
func testConfig(id uint64, conf ConfState) Config {
	return Config{
		ID: id, ElectionTicks: 10, HeartbeatTicks: 1,
		Rand:        func(n int) int { return int(id-1) % n },
		MaxMsgBytes: 1 << 20, MaxInflightMsgs: 16, MaxInflightBytes: 1 << 20, MaxUncommittedBytes: 1 << 20,
		Snapshot: SnapshotMeta{Conf: conf},
	}
}

// add starts a node from what its configuration says is on disk.
func (c *testCluster) add(cfg Config) *testNode {
	n, err := New(cfg)
	if err != nil {
		panic(err)
	}
	tn := &testNode{Node: n, cfg: cfg}
	tn.disk = disk{hs: cfg.HardState, snapshot: cfg.Snapshot, entries: slices.Clone(cfg.Entries)}
	c.nodes[cfg.ID] = tn
	return tn
}

// restart forgets everything but the disk; writes on their way are lost.
func (c *testCluster) restart(id uint64) *testNode {
	old := c.nodes[id]
	cfg := old.cfg
	cfg.HardState, cfg.Snapshot, cfg.Entries = old.disk.hs, old.disk.snapshot, old.disk.entries
	cfg.Applied = old.disk.snapshot.Index
	tn := c.add(cfg)
	tn.disk.async = old.disk.async
	return tn
}

func (c *testCluster) ids() []uint64 {
	return slices.Sorted(maps.Keys(c.nodes))
}

// ready takes one Ready of a node and carries it out; a synchronous disk
// completes at once. Snapshots wait for snapshotDone.
func (c *testCluster) ready(id uint64) Ready {
	tn := c.nodes[id]
	rd := tn.Ready()
	c.flight = append(c.flight, rd.Messages...)
	tn.disk.pending = append(tn.disk.pending, rd)
	for !tn.disk.async && len(tn.disk.pending) > 0 {
		c.diskDone(id)
	}
	if k := len(rd.Committed); k > 0 {
		tn.applied = append(tn.applied, rd.Committed...)
		tn.ApplyDone(rd.Committed[k-1].Index)
	}
	tn.reads = append(tn.reads, rd.ReadStates...)
	return rd
}

// diskDone completes the oldest write of a node and reports it.
func (c *testCluster) diskDone(id uint64) Durable {
	c.diskWritten(id)
	return c.diskReport(id)
}

// diskWritten completes the oldest write: its messages go out.
func (c *testCluster) diskWritten(id uint64) {
	tn := c.nodes[id]
	rd := tn.disk.pending[0]
	tn.disk.pending = tn.disk.pending[1:]
	tn.disk.write(rd)
	c.flight = append(c.flight, rd.MessagesAfterAppend...)
	tn.disk.written = append(tn.disk.written, rd.Durable())
}

// diskReport tells the engine of the oldest completed write.
func (c *testCluster) diskReport(id uint64) Durable {
	tn := c.nodes[id]
	d := tn.disk.written[0]
	tn.disk.written = tn.disk.written[1:]
	tn.AppendDone(d)
	return d
}

// snapshotDone installs what node id was asked to install.
func (c *testCluster) snapshotDone(id uint64, meta SnapshotMeta, ok bool) {
	tn := c.nodes[id]
	if ok {
		tn.disk.snapshot, tn.disk.entries = meta, nil
	}
	tn.SnapshotDone(meta.Index, ok)
}

// compact takes a snapshot of node id at index and keeps the log from keepFrom.
func (c *testCluster) compact(id, index, keepFrom uint64) error {
	tn := c.nodes[id]
	term, _ := tn.log.term(index)
	conf, _ := tn.ConfAt(index)
	return tn.Compact(SnapshotMeta{Index: index, Term: term, Conf: conf}, keepFrom)
}

// take removes the messages in flight that match.
func (c *testCluster) take(match func(Message) bool) []Message {
	var taken, left []Message
	for _, m := range c.flight {
		if match(m) {
			taken = append(taken, m)
		} else {
			left = append(left, m)
		}
	}
	c.flight = left
	return taken
}

// step delivers a message, unless its link is cut or its target is gone.
func (c *testCluster) step(m Message) {
	tn := c.nodes[m.To]
	if tn == nil || c.cut[[2]uint64{m.From, m.To}] || c.lose != nil && c.lose(m) {
		return
	}
	if err := tn.Step(m); err != nil {
		panic(fmt.Sprintf("step %v: %v", m, err))
	}
}

// deliverAll delivers everything that is in flight now.
func (c *testCluster) deliverAll() {
	for _, m := range c.take(func(Message) bool { return true }) {
		c.step(m)
	}
}

// settle runs Readys and messages until nothing moves.
func (c *testCluster) settle(ids ...uint64) {
	if len(ids) == 0 {
		ids = c.ids()
	}
	for range 1000 {
		moved := false
		for _, id := range ids {
			for c.nodes[id].HasReady() {
				c.ready(id)
				moved = true
			}
		}
		mine := c.take(func(m Message) bool { return slices.Contains(ids, m.To) && slices.Contains(ids, m.From) })
		for _, m := range mine {
			c.step(m)
		}
		if !moved && len(mine) == 0 {
			return
		}
	}
	panic("the cluster does not settle")
}

// elect makes a node leader with the help of all that are connected.
func (c *testCluster) elect(id uint64) *testNode {
	c.nodes[id].Campaign()
	c.settle()
	if got := c.nodes[id].Role(); got != Leader {
		panic(fmt.Sprintf("%d became %s", id, got))
	}
	return c.nodes[id]
}

// isolate cuts all links of a node, both ways.
func (c *testCluster) isolate(id uint64) {
	for other := range c.nodes {
		c.cut[[2]uint64{id, other}] = true
		c.cut[[2]uint64{other, id}] = true
	}
}

// heal restores all links.
func (c *testCluster) heal() {
	clear(c.cut)
}

// tick moves the clock of the given nodes, all if none, and lets things settle.
func (c *testCluster) tick(n int, ids ...uint64) {
	if len(ids) == 0 {
		ids = c.ids()
	}
	for range n {
		for _, id := range ids {
			c.nodes[id].Tick()
		}
		c.settle()
	}
}

// propose is Propose of a string that must be taken.
func (c *testCluster) propose(id uint64, data string) uint64 {
	index, _, err := c.nodes[id].Propose([]byte(data))
	if err != nil {
		panic(err)
	}
	return index
}

// data lists the commands that a node applied.
func (tn *testNode) data() []string {
	var out []string
	for _, e := range tn.applied {
		if len(e.Data) > 0 && e.Type == EntryCommand {
			out = append(out, string(e.Data))
		}
	}
	return out
}

// allEntries is a node's log behind its base.
func (tn *testNode) allEntries() []Entry {
	return tn.log.slice(tn.log.first(), tn.log.last())
}

// entriesOf makes a log of the given terms, from index 1.
func entriesOf(terms ...uint64) []Entry {
	var out []Entry
	for i, t := range terms {
		out = append(out, Entry{Index: uint64(i + 1), Term: t, Data: []byte(fmt.Sprintf("%d/%d", i+1, t))})
	}
	return out
}

// termsOf is the opposite.
func termsOf(entries []Entry) []uint64 {
	var out []uint64
	for _, e := range entries {
		out = append(out, e.Term)
	}
	return out
}

// ofType picks messages by type, ordered by target.
func ofType(messages []Message, t MessageType) []Message {
	var out []Message
	for _, m := range messages {
		if m.Type == t {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return cmp.Compare(a.To, b.To) })
	return out
}
