package rafttest

import (
	"iter"
	"maps"
	"slices"
	"time"

	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
)

// outcome is one of the three a request can have.
type outcome uint8

const (
	done    outcome = iota + 1
	refused         // definitely not done
	unknown         // may happen still, or never
)

// reply is what a node says about one request.
type reply struct {
	outcome outcome
	leader  uint64 // refused: who leads, if the node knows
	result  *kvpb.Result
	value   []byte
	found   bool
}

// request is one sending of an operation to one node.
type request struct {
	cmd      *kvpb.Command // nil for a read
	key      []byte
	deadline time.Duration
	answered bool
	reply    func(reply)
}

// answer replies once; what comes after the first is dropped.
func (r *request) answer(re reply) {
	if r.answered {
		return
	}
	r.answered = true
	r.reply(re)
}

// serveRequest is the node's front door.
func (n *node) serveRequest(r *request) {
	if r.cmd == nil {
		n.asking = append(n.asking, r)
	} else {
		n.proposals = append(n.proposals, r)
	}
	n.wake()
}

// tickClock lets a leader move the replicated clock, so that sessions expire.
func (n *node) tickClock() {
	if n.w.plan.sessionTTL == 0 || n.w.now < n.ledSince+500*time.Millisecond {
		return
	}
	n.ledSince = n.w.now
	if n.eng.Leader() != n.id {
		return
	}
	n.serveRequest(&request{
		cmd: &kvpb.Command{
			Op: kvpb.Command_OP_CLOCK, NowMs: n.kv.ClockMS() + uint64(500*n.drift),
			SessionTtlMs: uint64(n.w.plan.sessionTTL / time.Millisecond),
		},
		reply: func(reply) {},
	})
}

func encode(cmds []*kvpb.Command) ([]byte, error) { return kv.EncodeBatch(cmds) }

// sortedKeys walks a map in the order of its keys: a run never depends on Go's.
func sortedKeys[V any](m map[uint64]V) iter.Seq[uint64] {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}
