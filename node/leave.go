package node

import (
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
)

// leave hands leadership over, if this node has it, and closes draining once
// it has gone.
func (l *loop) leave() {
	l.leaving = true
	l.handOver()
}

// handOver asks for a transfer, again at each tick: a successor may not be
// known yet, or may fail to take over. With nobody to take over, it has gone.
func (l *loop) handOver() {
	if l.raft.Role() != raft.Leader || l.raft.Alone() {
		l.left()
		return
	}
	_ = l.raft.TransferLeader(raft.None) // refused: the next tick asks again
}

// flushTimeout bounds how long the last messages may take to leave.
const flushTimeout = 100 * time.Millisecond

// abdicate hands leadership over although this node can do nothing more for it:
// its disk has failed, or its state is wrong. Only what needs no disk goes out.
func (l *loop) abdicate() {
	if l.raft.Role() != raft.Leader {
		return
	}
	l.raft.Abdicate()
	l.transport.Send(l.raft.Ready().Messages)
	l.transport.Flush(flushTimeout)
}

func (l *loop) left() {
	select {
	case <-l.draining:
	default:
		close(l.draining)
	}
}

// shutdown answers everybody who still waits; the loop's last act.
func (l *loop) shutdown() {
	l.left()
	const bye = "the node is shutting down"
	l.proposals.abandon(bye)
	l.changes.abandon(bye)
	refuse := func(rs []*request) {
		for _, r := range rs {
			r.refuse(apiv1.Reason_REASON_SHUTTING_DOWN, bye)
		}
	}
	refuse(l.proposals.queue)
	refuse(l.requests.take())
	refuse(l.reads.waiting)
	refuse(l.reads.asked)
	for _, b := range l.reads.confirmed {
		refuse(b.requests)
	}
}
