package node

import (
	"encoding/json"
	"maps"
	"slices"

	"raftkv/raft"
)

// members knows at which address to dial whom, and when that has to change.
// Owned by the loop.
//
// An address comes from one of three: --peers, which says how this node dials,
// and wins; the membership, whose context holds the address that each member
// was added with; and what a peer says of itself on its own stream, the only
// way to answer a leader before the log has told who that is.
type members struct {
	self    uint64
	flags   map[uint64]string
	told    map[uint64]string
	present map[uint64]int // open streams of each peer to this node
	// version of the membership that the transport was told of, unless who is
	// present has changed since.
	version uint64
	moved   bool
}

func newMembers(c *Config) *members {
	return &members{self: c.ID, flags: c.Peers, told: map[uint64]string{}, present: map[uint64]int{}}
}

func (m *members) met(id uint64, address string) {
	m.present[id]++
	if address != "" {
		m.told[id] = address
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
func (m *members) peers(conf raft.ConfState) map[uint64]string {
	out := map[uint64]string{}
	stored := addressesIn(conf)
	ids := slices.Concat(conf.Voters, conf.VotersOutgoing, conf.Learners)
	for _, id := range slices.AppendSeq(ids, maps.Keys(m.present)) {
		if address := m.addressOf(id, stored); id != m.self && address != "" {
			out[id] = address
		}
	}
	return out
}

// addressOf is how this node dials id; empty if it cannot.
func (m *members) addressOf(id uint64, stored map[uint64]string) string {
	for _, known := range []map[uint64]string{m.flags, stored, m.told} {
		if known[id] != "" {
			return known[id]
		}
	}
	return ""
}

// unknown is one of add that neither comes with an address nor has one.
func (m *members) unknown(conf raft.ConfState, add map[uint64]string) uint64 {
	stored := addressesIn(conf)
	for _, id := range slices.Sorted(maps.Keys(add)) {
		if add[id] == "" && m.addressOf(id, stored) == "" {
			return id
		}
	}
	return raft.None
}

// context is what a new membership says of its members: the addresses in add,
// and for the others what is known of them. This node's flags come last, as
// others may have to dial otherwise.
func (m *members) context(conf raft.ConfState, add map[uint64]string) []byte {
	out, stored := map[uint64]string{}, addressesIn(conf)
	ids := slices.Concat(conf.Voters, conf.Learners)
	for _, id := range slices.AppendSeq(ids, maps.Keys(add)) {
		for _, known := range []map[uint64]string{add, stored, m.told, m.flags} {
			if known[id] != "" {
				out[id] = known[id]
				break
			}
		}
	}
	b, _ := json.Marshal(out) // of numbers and strings: never fails
	return b
}

// addressesIn reads a membership's context; nothing where there is none, as
// with the founders.
func addressesIn(conf raft.ConfState) (out map[uint64]string) {
	if len(conf.Context) > 0 && json.Unmarshal(conf.Context, &out) != nil {
		return nil
	}
	return out
}

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
		l.log.Info("members", "voters", conf.Voters, "outgoing", conf.VotersOutgoing, "learners", conf.Learners, "since", l.raft.ConfIndex())
	}
	l.members.version, l.members.moved = version, false
}
