package corrupt

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// Name is the toxic's type for Toxiproxy's API.
const Name = "corrupt"

// takePatience is how long a receiver has to take a piece when the toxic comes off.
const takePatience = time.Second

// Register makes the toxic known to all Toxiproxy servers of this process. It may be
// called from any goroutine, and twice.
func Register() { toxics.Register(Name, new(Toxic)) }

// Attributes are what the toxic is made with and what it tells of itself.
type Attributes struct {
	// Kilobytes is how far apart the flipped bits are, on average: the distance is
	// drawn evenly from nothing to twice that.
	Kilobytes int64 `json:"kilobytes"`
	// Seed decides where they are.
	Seed int64 `json:"seed"`
	// Flipped counts the flipped bits, Carried the bytes that passed.
	Flipped int64 `json:"flipped"`
	Carried int64 `json:"carried"`
}

// Toxic flips bits of one direction of a link, over all its connections.
type Toxic struct {
	mu   sync.Mutex
	now  Attributes
	left int64 // bytes that pass until the next flip
	rand *rand.Rand
}

var (
	_ toxics.CleanupToxic  = (*Toxic)(nil)
	_ toxics.StatefulToxic = (*Toxic)(nil)
	_ json.Marshaler       = (*Toxic)(nil)
	_ json.Unmarshaler     = (*Toxic)(nil)
)

// MarshalJSON implements json.Marshaler: the API shows the counts with the rest.
func (t *Toxic) MarshalJSON() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return json.Marshal(t.now)
}

// UnmarshalJSON implements json.Unmarshaler: the API makes the toxic from its
// distance and its seed. Counts that are given do not count.
func (t *Toxic) UnmarshalJSON(b []byte) error {
	var a Attributes
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	if a.Kilobytes < 1 || a.Kilobytes > 1<<30 {
		return fmt.Errorf("kilobytes is from 1 to 2^30, not %d", a.Kilobytes)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = Attributes{Kilobytes: a.Kilobytes, Seed: a.Seed}
	t.rand = rand.New(rand.NewPCG(uint64(a.Seed), 0))
	t.left = t.distance()
	return nil
}

// distance draws how many bytes pass until the next flip. Callers hold mu.
func (t *Toxic) distance() int64 { return t.rand.Int64N(2 * t.now.Kilobytes << 10) }

// bend flips what is due among the bytes.
func (t *Toxic) bend(data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now.Carried += int64(len(data))
	if t.rand == nil {
		return // made without attributes: it lets all pass
	}
	for t.left < int64(len(data)) {
		data[t.left] ^= 1 << t.rand.IntN(8)
		data = data[t.left+1:]
		t.now.Flipped++
		t.left = t.distance()
	}
	t.left -= int64(len(data))
}

// state is a connection's: the piece that its receiver has not taken yet.
type state struct{ waiting *stream.StreamChunk }

// NewState implements toxics.StatefulToxic.
func (*Toxic) NewState() any { return new(state) }

// Pipe implements toxics.Toxic. It can be interrupted also while a receiver takes
// nothing: the piece then waits for the next Pipe, or for Cleanup.
func (t *Toxic) Pipe(stub *toxics.ToxicStub) {
	s := stub.State.(*state)
	for {
		if s.waiting != nil && !pass(stub, s) {
			return
		}
		select {
		case <-stub.Interrupt:
			return
		case piece := <-stub.Input:
			if piece == nil { // the sender has closed
				stub.Close()
				return
			}
			t.bend(piece.Data) // Toxiproxy's own copy
			s.waiting = piece
		}
	}
}

// pass hands the piece on; false if it was interrupted first.
func pass(stub *toxics.ToxicStub, s *state) bool {
	select {
	case stub.Output <- s.waiting:
		s.waiting = nil
		return true
	case <-stub.Interrupt:
		return false
	}
}

// Cleanup implements toxics.CleanupToxic: a connection whose receiver does not take
// what waits is closed.
func (*Toxic) Cleanup(stub *toxics.ToxicStub) {
	s := stub.State.(*state)
	if s.waiting == nil || stub.WriteOutput(s.waiting, takePatience) == nil {
		s.waiting = nil
		return
	}
	stub.Close()
	go discard(stub.Input)
}

// discard takes what a sender still sends to nobody, until it closes.
func discard(input <-chan *stream.StreamChunk) {
	for piece := range input {
		if piece == nil {
			return
		}
	}
}
