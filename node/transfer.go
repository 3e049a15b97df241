package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// maxTransferLag is by how many entries a successor may be behind: nothing is
// proposed until it holds the rest, and the transfer is given up after an election
// timeout.
const maxTransferLag = 1000

// transferLeader asks for a transfer and keeps whoever waits for it.
func (l *loop) transferLeader(to uint64, deadline time.Time, answer func(*apiv1.Error)) {
	if l.raft.Role() != raft.Leader {
		answer(l.notLeader().GetError())
		return
	}
	if to == l.config.ID {
		answer(nil)
		return
	}
	if why := l.unfit(to); why != "" {
		answer(badRequest(why))
		return
	}
	if err := l.raft.TransferLeader(l.voter(to)); errors.Is(err, raft.ErrUnknownPeer) {
		answer(notNow("no other voter is heard and holds anything of the log yet"))
		return
	} else if err != nil {
		answer(l.refusal(err))
		return
	}
	l.changes.waiting = append(l.changes.waiting, change{to: to, term: l.raft.Term(), deadline: deadline, answer: answer})
}

// unfit says why a node cannot take over from this one, and what to do; nothing if
// it can. None is whoever fits best.
func (l *loop) unfit(to uint64) string {
	s := l.raft.Status()
	pr := s.Progress[l.voter(to)]
	switch {
	case to == raft.None:
		if l.raft.Alone() {
			return "there is no other voter"
		}
	case !slices.Contains(membership.Nodes(s.Conf.Voters), to) && slices.Contains(membership.Nodes(s.Conf.Learners), to):
		return fmt.Sprintf("node %d is a learner, and only voters lead; promote it first (raftkv member promote %d)", to, to)
	case !slices.Contains(membership.Nodes(s.Conf.Voters), to):
		return fmt.Sprintf("node %d is no member; raftkv member list shows who is", to)
	case !pr.RecentActive:
		return fmt.Sprintf("node %d is not heard by node %d, which leads on; start it or heal its link, or choose another", to, l.config.ID)
	case !pr.Whole:
		return fmt.Sprintf("node %d recovers from damage and cannot lead yet; wait for it, or choose another", to)
	case pr.State == "snapshot" || s.LastIndex > pr.Match+maxTransferLag:
		return fmt.Sprintf("node %d has not caught up: it holds entry %d of %d; wait for it, or choose another", to, pr.Match, s.LastIndex)
	}
	return ""
}

// settleTransfers answers those who wait for another leader: when there is one,
// and when the engine has given up on whom it was to be.
func (l *loop) settleTransfers() {
	leads, leader := l.raft.Role() == raft.Leader, l.raft.Leader()
	l.changes.take(func(ch change) bool { return ch.index == 0 && leader != l.self && leader != raft.None }, "")
	if !leads || l.raft.Status().Transferee != raft.None {
		return
	}
	l.changes.waiting = slices.DeleteFunc(l.changes.waiting, func(ch change) bool {
		if ch.index == 0 {
			ch.answer(l.stays(ch.to))
		}
		return ch.index == 0
	})
}

// stays says that a transfer was begun and did not come about.
func (l *loop) stays(to uint64) *apiv1.Error {
	if to == raft.None {
		return notNow(fmt.Sprintf("leadership stays at node %d: nobody took over in time", l.config.ID))
	}
	return badRequest(fmt.Sprintf("leadership stays at node %d: node %d did not take over in time; see that it runs and is reached, or choose another", l.config.ID, to))
}

// badRequest refuses for good.
func badRequest(why string) *apiv1.Error {
	return &apiv1.Error{Reason: apiv1.Reason_REASON_BAD_REQUEST, Message: why}
}
