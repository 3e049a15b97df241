package node

import (
	"encoding/json"
	"maps"
	"slices"

	"raftkv/node/peer"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// members knows at which address to dial whom, and when that has to change.
// Owned by the loop.
//
// An address comes from one of three: --peers, which says how this node dials,
// and wins; the membership, whose context holds the address that each member
// was added with; and what a peer says of itself on its own stream, the only
// way to answer a leader before the log has told who that is.
//
// Members are engine ids, addresses belong to nodes: a node whose folder was made
// anew is another member at the same address.
type members struct {
	self    uint64
	flags   map[uint64]string
	told    map[uint64]string
	present map[uint64]int // open streams of each peer to this node, by engine id
	// version of the membership that the transport was told of, unless who is
	// present has changed since.
	version uint64
	moved   bool
}

func newMembers(c *Config, self uint64) *members {
	return &members{self: self, flags: c.Peers, told: map[uint64]string{}, present: map[uint64]int{}}
}

func (m *members) met(id uint64, address string) {
	m.present[id]++
	if address != "" {
		m.told[membership.Node(id)] = address
	}
	m.moved = true
}

func (m *members) left(id uint64) {
	if m.present[id]--; m.present[id] <= 0 {
		delete(m.present, id)
	}
	m.moved = true
}

// peers is whom to be connected to: the members, and whoever has a stream to
// this node: a leader that this node's log does not know yet, or a removed node
// that has to be told.
func (m *members) peers(conf raft.ConfState) map[uint64]peer.Peer {
	out := map[uint64]peer.Peer{}
	stored := addressesIn(conf)
	ids := slices.Concat(conf.Voters, conf.VotersOutgoing, conf.Learners)
	for _, id := range slices.AppendSeq(ids, maps.Keys(m.present)) {
		if address := m.addressOf(membership.Node(id), stored); id != m.self && address != "" {
			out[id] = peer.Peer{Address: address, Learner: slices.Contains(conf.Learners, id)}
		}
	}
	return out
}

// addressOf is how this node dials another; empty if it cannot.
func (m *members) addressOf(node uint64, stored map[uint64]string) string {
	for _, known := range []map[uint64]string{m.flags, stored, m.told} {
		if known[node] != "" {
			return known[node]
		}
	}
	return ""
}

// confContext is what a membership says of its nodes, beside who they are.
type confContext struct {
	Addresses map[uint64]string `json:"addresses"`
	// Removed are nodes that were members once. Their ids are not used again.
	Removed []uint64 `json:"removed,omitempty"`
}

// maxRemoved bounds the ids that are remembered, the lowest forgotten first: a
// membership's context has a bound of its own.
const maxRemoved = 4096

// context is what a new membership says of its nodes: the addresses in add, and
// for the others what is known of them, and who has been removed by now. This
// node's flags come last, as others may have to dial otherwise.
func (m *members) context(conf raft.ConfState, add map[uint64]string, remove []uint64) []byte {
	before := contextOf(conf)
	out := confContext{Addresses: map[uint64]string{}}
	nodes := membership.Nodes(slices.Concat(conf.Voters, conf.Learners))
	for _, node := range slices.AppendSeq(nodes, maps.Keys(add)) {
		for _, known := range []map[uint64]string{add, before.Addresses, m.told, m.flags} {
			if known[node] != "" && !slices.Contains(remove, node) {
				out.Addresses[node] = known[node]
				break
			}
		}
	}
	removed := slices.Concat(before.Removed, remove)
	removed = slices.DeleteFunc(removed, func(node uint64) bool { _, back := add[node]; return back })
	out.Removed = slices.Compact(slices.Sorted(slices.Values(removed)))
	out.Removed = out.Removed[max(0, len(out.Removed)-maxRemoved):]
	b, _ := json.Marshal(out) // of numbers and strings: never fails
	return b
}

// contextOf reads a membership's context; nothing where there is none, as with the
// founders. An earlier version kept the addresses alone.
func contextOf(conf raft.ConfState) (out confContext) {
	if len(conf.Context) == 0 {
		return out
	}
	if json.Unmarshal(conf.Context, &out) != nil || out.Addresses == nil {
		out = confContext{}
		_ = json.Unmarshal(conf.Context, &out.Addresses) // nothing if it is neither
	}
	return out
}

func addressesIn(conf raft.ConfState) map[uint64]string { return contextOf(conf).Addresses }

// followMembers connects to whom the membership in force asks for, and answers
// those whose change is final. It runs at the end of every turn.
func (l *loop) followMembers() {
	if v := l.raft.ConfVersion(); v != l.members.version || l.members.moved {
		l.connect(v)
	}
	l.settleChanges()
}

func (l *loop) connect(version uint64) {
	conf := l.raft.Status().Conf
	if err := l.transport.Connect(l.members.peers(conf)); err != nil {
		l.log.Warn("cannot connect to a member", "error", err)
	}
	if version != l.members.version {
		l.agreement.follow(conf)
		l.trace.Conf(conf)
		l.log.Info("members", "voters", membership.Nodes(conf.Voters), "outgoing", membership.Nodes(conf.VotersOutgoing), "learners", membership.Nodes(conf.Learners), "since", l.raft.ConfIndex())
	}
	l.members.version, l.members.moved = version, false
}
