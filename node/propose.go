package node

import (
	"errors"
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	// maxCommandBytes bounds a key and its value together, under gRPC's frames.
	maxCommandBytes = 16 << 20
	// entryBytes of commands fill one log entry; a larger batch takes several.
	// Small enough not to hold up heartbeats on a slow link.
	entryBytes = 256 << 10
	// clockPeriod is how often the replicated clock moves while there are writes.
	clockPeriod = time.Second
)

// proposals are the writes on this node, from their arrival at the loop to
// their place in the log's application. Owned by the loop.
type proposals struct {
	// queue waits for the disk to be free: group commit.
	queue []*request
	bytes int
	// waiting holds what was proposed in this leadership, by log index.
	waiting map[uint64]*proposal
	clock   clock
}

// add queues a write.
func (p *proposals) add(r *request) {
	p.queue = append(p.queue, r)
	p.bytes += r.size()
}

// claim returns whose commands a committed entry carries. A different term at
// the index means that another leader's entry took it: those commands can
// never commit.
func (p *proposals) claim(e raft.Entry) *proposal {
	w, ok := p.waiting[e.Index]
	if !ok {
		return nil
	}
	delete(p.waiting, e.Index)
	if w.term == e.Term {
		return w
	}
	for _, r := range w.requests {
		if r != nil {
			r.refuse(apiv1.Reason_REASON_NOT_LEADER, "another leader's entry took this one's place")
		}
	}
	return nil
}

// abandon answers every proposed write with unknown: it may yet commit under
// the next leader.
func (p *proposals) abandon(why string) {
	for index, w := range p.waiting {
		for _, r := range w.requests {
			if r != nil {
				r.unknown(why)
			}
		}
		delete(p.waiting, index)
	}
}

// expire answers the writes whose time is up.
func (p *proposals) expire(now time.Time) {
	for _, w := range p.waiting {
		for i, r := range w.requests {
			if r != nil && now.After(r.deadline) {
				r.unknown("the write was proposed and has not committed in time")
				w.requests[i] = nil
			}
		}
	}
}

// propose turns queued writes into log entries, as soon as no write of this
// node's is on its way to disk. What arrives meanwhile becomes the next batch.
func (l *loop) propose() {
	if l.raft.Role() != raft.Leader {
		l.refuseQueue(nil)
		return
	}
	if l.overloaded() {
		l.refuseQueue(raft.ErrOverloaded)
	}
	for len(l.proposals.queue) > 0 && (l.disk.pending == 0 || l.proposals.bytes >= entryBytes) {
		if err := l.proposeEntry(l.nextBatch()); err != nil {
			l.refuseQueue(err)
		}
	}
}

// nextBatch takes from the queue what fits in one entry.
func (l *loop) nextBatch() []*request {
	p, size, n := &l.proposals, 0, 0
	for n < len(p.queue) && n < kv.MaxBatch-1 && (n == 0 || size+p.queue[n].size() <= entryBytes) {
		size += p.queue[n].size()
		n++
	}
	batch := append([]*request(nil), p.queue[:n]...)
	p.queue = append(p.queue[:0], p.queue[n:]...)
	p.bytes -= size
	return batch
}

func (l *loop) proposeEntry(batch []*request) error {
	commands := make([]*kvpb.Command, 0, len(batch)+1)
	commands = l.proposals.clock.prepend(commands, l.now, l.config.SessionTTL)
	for _, r := range batch {
		commands = append(commands, r.command)
	}
	data, err := kv.EncodeBatch(commands)
	var index, term uint64
	if err == nil {
		index, term, err = l.raft.Propose(data)
	}
	if err != nil {
		l.refuse(batch, err)
		return err
	}
	l.proposals.waiting[index] = &proposal{term: term, requests: batch}
	return nil
}

// refuseQueue answers what was never proposed.
func (l *loop) refuseQueue(err error) {
	queue := l.proposals.queue
	l.proposals.queue, l.proposals.bytes = nil, 0
	l.refuse(queue, err)
}

func (l *loop) refuse(rs []*request, err error) {
	for _, r := range rs {
		if errors.Is(err, raft.ErrOverloaded) {
			r.refuse(apiv1.Reason_REASON_OVERLOADED, "too much of the log is not committed or not applied yet; try again shortly")
		} else {
			r.answer(l.notLeader())
		}
	}
}

func (l *loop) notLeader() *apiv1.Response {
	e := &apiv1.Error{Reason: apiv1.Reason_REASON_NOT_LEADER, Message: "this node is not the leader"}
	if id := l.raft.Leader(); id != l.self {
		e.LeaderId, e.LeaderAddress = membership.Node(id), l.addresses.of(id)
	}
	return &apiv1.Response{Result: &apiv1.Response_Error{Error: e}}
}
