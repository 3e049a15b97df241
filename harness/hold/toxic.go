package hold

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// Name is the toxic's type for Toxiproxy's API.
const Name = "hold"

const (
	// takePatience is how long a receiver has to take a piece that was held: it takes
	// microseconds if it is there.
	takePatience = time.Second
	// quiet is for how long nothing more may come before the held pieces are all out.
	quiet = 20 * time.Millisecond
	// mostHeld bounds how many pieces of a busy connection are looked after; what
	// Toxiproxy holds by itself is three, and what a socket holds comes in few.
	mostHeld = 64
)

// Register makes the toxic known to all Toxiproxy servers of this process. It may be
// called from any goroutine, and twice.
func Register() { toxics.Register(Name, new(Toxic)) }

// Toxic lets nothing through, ends of connections neither, until it is removed. Then
// all of it goes on in order, or the connection is closed if its receiver is gone:
// if it does not take a piece within takePatience.
type Toxic struct{}

var _ toxics.CleanupToxic = (*Toxic)(nil)

// Pipe implements toxics.Toxic. What it does not take waits before it.
func (*Toxic) Pipe(stub *toxics.ToxicStub) { <-stub.Interrupt }

// Cleanup implements toxics.CleanupToxic. Toxiproxy goes on with whatever has not
// come by then, so that this has not to be complete.
func (*Toxic) Cleanup(stub *toxics.ToxicStub) {
	for range mostHeld {
		select {
		case piece := <-stub.Input:
			if piece == nil { // the sender has closed
				stub.Close()
				return
			}
			if stub.WriteOutput(piece, takePatience) != nil {
				stub.Close()
				go discard(stub.Input)
				return
			}
		case <-time.After(quiet):
			return
		}
	}
}

// discard takes what a sender still sends to nobody, until it closes.
func discard(input <-chan *stream.StreamChunk) {
	for piece := range input {
		if piece == nil {
			return
		}
	}
}
