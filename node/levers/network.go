//go:build raftkv_faults

package levers

import (
	"math/rand/v2"
	"sync"

	"raftkv/raft"
)

// fates are what may become of a message: each with how many in a hundred it
// befalls, and how many it has befallen.
type fates struct {
	LostPercent       int    `json:"lost_percent"`
	DuplicatedPercent int    `json:"duplicated_percent"`
	ReorderedPercent  int    `json:"reordered_percent"`
	Lost              uint64 `json:"lost"`
	Duplicated        uint64 `json:"duplicated"`
	Reordered         uint64 `json:"reordered"`
}

var network = struct {
	sync.Mutex
	fates
	// held is what waits, by peer, for the next message to go first.
	held map[uint64]raft.Message
}{held: map[uint64]raft.Message{}}

// Messages gives what is to be sent of ms, and of what was held back.
func Messages(ms []raft.Message) []raft.Message {
	network.Lock()
	defer network.Unlock()
	if network.LostPercent+network.DuplicatedPercent+network.ReorderedPercent+len(network.held) == 0 {
		return ms
	}
	out := make([]raft.Message, 0, len(ms)+1)
	for _, m := range ms {
		out = network.pass(out, m, network.held)
	}
	return out
}

// pass appends what becomes of one message.
func (f *fates) pass(out []raft.Message, m raft.Message, held map[uint64]raft.Message) []raft.Message {
	old, waiting := held[m.To]
	switch {
	case m.Type == raft.MsgSnapshot:
		return append(out, m)
	case befalls(f.LostPercent):
		f.Lost++
		return out
	case !waiting && befalls(f.ReorderedPercent):
		held[m.To] = m
		return out
	}
	out = append(out, m)
	if befalls(f.DuplicatedPercent) {
		f.Duplicated++
		out = append(out, m)
	}
	if waiting {
		f.Reordered++
		delete(held, m.To)
		out = append(out, old)
	}
	return out
}

func befalls(percent int) bool { return percent > 0 && rand.IntN(100) < percent }
