package kv

import (
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/btree"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
)

// snapshotFormat goes up with every change that an older reader would misread.
// Format 1 was made without bounds on the bytes of answers; it can be continued.
const snapshotFormat = 2

// Snapshot is the state at one index. It never changes; the store that it was
// taken from may go on meanwhile. One goroutine may use it, any one.
type Snapshot struct {
	header  *kvpb.Header
	pairs   *btree.Map[string, []byte]
	byID    *btree.Map[uint64, session]
	answers *btree.BTreeG[answer]
	digest  uint64
}

// Snapshot freezes the present state. It costs O(1); the store copies the parts
// that it changes later.
func (s *Store) Snapshot() *Snapshot {
	return &Snapshot{
		header:  s.header(),
		pairs:   s.pairs.Copy(),
		byID:    s.sessions.byID.Copy(),
		answers: s.sessions.answers.Copy(),
		digest:  s.Digest(),
	}
}

func (s *Store) header() *kvpb.Header {
	return &kvpb.Header{
		Format:       snapshotFormat,
		AppliedIndex: s.applied,
		ClockMs:      s.clockMS,
		MaxSessions:  uint64(s.limits.MaxSessions),

		MaxSessionBytes: uint64(s.limits.MaxSessionBytes),
		MaxAnswerBytes:  uint64(s.limits.MaxAnswerBytes),
	}
}

// Hash is the same for equal states and, but for chance, for no others. It reads
// the whole state.
func (s *Store) Hash() uint64 {
	live := &Snapshot{header: s.header(), pairs: s.pairs, byID: s.sessions.byID, answers: s.sessions.answers, digest: s.Digest()}
	digest := xxhash.New()
	if err := live.Save(digest); err != nil {
		panic(fmt.Sprintf("kv: hash of the state: %v", err)) // a digest takes every write
	}
	return digest.Sum64()
}

// AppliedIndex is the index of the last entry that the snapshot stands for.
func (sn *Snapshot) AppliedIndex() uint64 { return sn.header.GetAppliedIndex() }

// Save writes the snapshot as a stream of length-delimited items: header, pairs,
// sessions, answers, trailer, each kind in ascending order. Equal states give
// equal bytes. The writer should be buffered. It returns ErrDamagedState when the
// state is not the one that was applied.
func (sn *Snapshot) Save(w io.Writer) error {
	sum := xxhash.New()
	iw := &itemWriter{w: io.MultiWriter(w, sum), sum: sum}
	iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Header{Header: sn.header}})
	sn.savePairs(iw)
	sn.saveSessions(iw)
	sn.saveAnswers(iw)
	iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Trailer{Trailer: &kvpb.Trailer{
		Pairs:      uint64(sn.pairs.Len()),
		Sessions:   uint64(sn.byID.Len()),
		Remembered: uint64(sn.answers.Len()),
		Checksum:   iw.sum.Sum64(),
	}}})
	if iw.err == nil && digestOf(sn.header, iw.pairs, iw.sessions) != sn.digest {
		iw.err = ErrDamagedState
	}
	if iw.err != nil {
		return fmt.Errorf("write snapshot: %w", iw.err)
	}
	return nil
}

func (sn *Snapshot) savePairs(iw *itemWriter) {
	sn.pairs.Scan(func(key string, value []byte) bool {
		iw.pairs.add(hashPair(key, value))
		return iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Pair{
			Pair: &kvpb.Pair{Key: []byte(key), Value: value},
		}})
	})
}

func (sn *Snapshot) saveSessions(iw *itemWriter) {
	sn.byID.Scan(func(id uint64, se session) bool {
		iw.sessions.add(hashSession(id, se))
		return iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Session{Session: &kvpb.Session{
			Id: id, ActiveMs: se.activeMS, FirstOpen: se.firstOpen, LastUsed: se.lastUsed,
		}}})
	})
}

func (sn *Snapshot) saveAnswers(iw *itemWriter) {
	sn.answers.Scan(func(a answer) bool {
		iw.sessions.add(hashAnswer(a))
		return iw.write(&kvpb.SnapshotItem{Item: &kvpb.SnapshotItem_Remembered{Remembered: &kvpb.Remembered{
			Session: a.session, Sequence: a.sequence, Result: a.result,
		}}})
	})
}

// itemWriter writes items until the first error, which it keeps.
type itemWriter struct {
	w   io.Writer // to sum as well
	sum *xxhash.Digest
	err error
	// What was written, as the store's own sums should have it.
	pairs, sessions sum
}

func (iw *itemWriter) write(item *kvpb.SnapshotItem) (ok bool) {
	if iw.err == nil {
		opts := protodelim.MarshalOptions{MarshalOptions: proto.MarshalOptions{Deterministic: true}}
		_, iw.err = opts.MarshalTo(iw.w, item)
	}
	return iw.err == nil
}
