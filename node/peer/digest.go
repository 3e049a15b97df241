package peer

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"raftkv/node/peer/peerpb"
)

// Digest says what a node's state machine is after the entry at Index.
type Digest struct{ Index, Digest uint64 }

func encodeDigest(d Digest) *peerpb.Batch {
	return &peerpb.Batch{Digest: &peerpb.StateDigest{Index: d.Index, Digest: d.Digest, Sum: proto.Uint32(digestSum(d))}}
}

func decodeDigest(p *peerpb.StateDigest) (Digest, error) {
	d := Digest{Index: p.Index, Digest: p.Digest}
	if !matches(p.Sum, digestSum(d)) {
		return Digest{}, fmt.Errorf("%w: a digest of the state", ErrCorrupt)
	}
	return d, nil
}

// Compare tells every peer what the state machine is at an index. It never
// blocks; a newer digest takes the place of one that still waits, and one that
// is lost is not sent again. Call it from one goroutine.
func (t *Transport) Compare(d Digest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		select {
		case <-s.digest:
		default:
		}
		select {
		case s.digest <- d:
		default: // cannot be: nobody else puts any there
		}
	}
}
