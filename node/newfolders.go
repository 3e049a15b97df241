package node

import (
	"context"
	"slices"
	"time"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// lookEvery is how often a leader asks at the address of a member that it does not
// hear who is there now.
const lookEvery = 300 * time.Millisecond

// newFolders is what a leader knows of members whose node answers with another
// folder than the one that was a member. Owned by the loop.
type newFolders struct {
	arrived map[uint64]uint64 // node to the engine id of its new, empty folder
	askedAt map[uint64]time.Time
	asking  map[uint64]bool
	// greet asks who is at an address; it waits, and is called on a goroutine of
	// its own.
	greet func(ctx context.Context, address string) (membership.Hello, error)
}

func newNewFolders() newFolders {
	return newFolders{arrived: map[uint64]uint64{}, askedAt: map[uint64]time.Time{}, asking: map[uint64]bool{}}
}

// takeInNewFolders has a leader look for members that came back with an empty
// folder, and make them members again.
func (l *loop) takeInNewFolders() {
	if l.raft.Role() != raft.Leader {
		clear(l.newFolders.arrived)
		return
	}
	st := l.raft.Status()
	for _, id := range slices.Concat(st.Conf.Voters, st.Conf.Learners) {
		l.lookAt(id, st)
	}
	if !l.config.AutoReplace {
		return
	}
	cc, ok := membership.Replacement(st, l.newFolders.arrived)
	if !ok {
		return
	}
	cc.Context = l.members.context(st.Conf, nil, nil)
	if index, _, err := l.raft.ProposeConfChange(cc); err == nil {
		l.log.Warn("a member's folder was made anew: taking the node in again",
			"learners", membership.Nodes(cc.AddLearners), "voters", membership.Nodes(cc.AddVoters), "index", index)
	}
}

// lookAt asks who is at a silent member's address, unless that is known.
func (l *loop) lookAt(id uint64, st raft.Status) {
	f, node := &l.newFolders, membership.Node(id)
	if st.Progress[id].RecentActive {
		if f.arrived[node] == id {
			delete(f.arrived, node)
		}
		return
	}
	address := l.members.addressOf(node, addressesIn(st.Conf))
	if node == l.config.ID || address == "" || f.asking[node] || l.now.Sub(f.askedAt[node]) < lookEvery {
		return
	}
	f.asking[node], f.askedAt[node] = true, l.now
	l.saver.Go(func() {
		h, err := f.greet(context.Background(), address)
		l.events.put(func(l *loop) { l.looked(node, h, err) })
	})
}

// looked takes the answer. A folder can be taken in that is empty, or that an
// earlier leader invited whose change was lost.
func (l *loop) looked(node uint64, h membership.Hello, err error) {
	f := &l.newFolders
	f.asking[node] = false
	blank := h.Phase == membership.Empty && h.Origin == 0
	invited := h.Phase == membership.Member && h.Cluster == l.standing.identity()
	if err == nil && h.Node == node && (blank || invited) {
		f.arrived[node] = h.ID()
	} else {
		delete(f.arrived, node)
	}
}

// hasNewFolder says that a member is a folder which its node has no more.
func (l *loop) hasNewFolder(id uint64) bool {
	now, ok := l.newFolders.arrived[membership.Node(id)]
	return ok && now != id || membership.Successor(l.raft.Status().Conf, id) != raft.None
}
