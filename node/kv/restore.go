package kv

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
)

// maxItemBytes bounds what a damaged length can make Restore read as one item.
const maxItemBytes = 1 << 30

// Restore reads what Save wrote into a new store. It returns ErrNewerFormat for
// a later version's stream and ErrBadSnapshot for one that is damaged, cut
// short, followed by anything, or made under other limits. There is no half
// restored store: the caller swaps only after success.
func Restore(r io.Reader, limits Limits) (*Store, error) {
	rs := &restorer{store: New(limits), in: newItemReader(r)}
	if err := rs.run(); err != nil {
		if errors.Is(err, ErrNewerFormat) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	return rs.store, nil
}

// restorer fills a store in the stream's order.
type restorer struct {
	store *Store
	in    *itemReader
}

func (rs *restorer) run() error {
	first, err := rs.in.next()
	if err != nil {
		return err
	}
	if err := rs.header(first.GetHeader()); err != nil {
		return err
	}
	for {
		sum := rs.in.sum.Sum64()
		item, err := rs.in.next()
		if err != nil {
			return err
		}
		if t := item.GetTrailer(); t != nil {
			return rs.trailer(t, sum)
		}
		if err := rs.add(item); err != nil {
			return err
		}
	}
}

func (rs *restorer) header(h *kvpb.Header) error {
	switch {
	case h.GetFormat() == 0:
		return errors.New("it has no header")
	case h.GetFormat() > snapshotFormat:
		return fmt.Errorf("%w: format %d, this version reads %d", ErrNewerFormat, h.GetFormat(), snapshotFormat)
	case h.GetMaxSessions() != uint64(rs.store.limits.MaxSessions):
		return fmt.Errorf("made for %d sessions, not %d", h.GetMaxSessions(), rs.store.limits.MaxSessions)
	case h.GetFormat() > 1 && (h.GetMaxSessionBytes() != uint64(rs.store.limits.MaxSessionBytes) || h.GetMaxAnswerBytes() != uint64(rs.store.limits.MaxAnswerBytes)):
		return fmt.Errorf("made for %d bytes of answers, %d a session", h.GetMaxAnswerBytes(), h.GetMaxSessionBytes())
	case h.GetAppliedIndex() > MaxIndex:
		return fmt.Errorf("applied index %d cannot be", h.GetAppliedIndex())
	}
	rs.store.applied, rs.store.clockMS = h.GetAppliedIndex(), h.GetClockMs()
	return nil
}

func (rs *restorer) add(item *kvpb.SnapshotItem) error {
	switch it := item.GetItem().(type) {
	case *kvpb.SnapshotItem_Pair:
		return rs.pair(it.Pair)
	case *kvpb.SnapshotItem_Session:
		return rs.session(it.Session)
	case *kvpb.SnapshotItem_Remembered:
		return rs.answer(it.Remembered)
	default:
		return errors.New("unknown item")
	}
}

func (rs *restorer) pair(p *kvpb.Pair) error {
	last, _, some := rs.store.pairs.Max()
	if some && string(p.GetKey()) <= last || rs.store.Sessions() > 0 {
		return errors.New("keys out of order")
	}
	rs.store.put(p.GetKey(), p.GetValue())
	return nil
}

func (rs *restorer) session(p *kvpb.Session) error {
	ss := rs.store.sessions
	last, _, _ := ss.byID.Max()
	_, used := ss.byUse.Get(p.GetLastUsed())
	switch {
	case p.GetId() <= last || ss.answers.Len() > 0:
		return errors.New("sessions out of order")
	case ss.len() == rs.store.limits.MaxSessions:
		return errors.New("too many sessions")
	case used || p.GetLastUsed() < p.GetId() || p.GetLastUsed()>>positionBits > rs.store.applied:
		return fmt.Errorf("session %d: used at %d, which cannot be", p.GetId(), p.GetLastUsed())
	case p.GetActiveMs() > rs.store.clockMS || p.GetFirstOpen() == 0:
		return fmt.Errorf("session %d: active at %d, open from %d, which cannot be",
			p.GetId(), p.GetActiveMs(), p.GetFirstOpen())
	}
	ss.set(p.GetId(), session{activeMS: p.GetActiveMs(), firstOpen: p.GetFirstOpen(), lastUsed: p.GetLastUsed()})
	return nil
}

func (rs *restorer) answer(p *kvpb.Remembered) error {
	ss := rs.store.sessions
	a := answer{session: p.GetSession(), sequence: p.GetSequence(), result: p.GetResult()}
	se, known := ss.get(a.session)
	last, some := ss.answers.Max()
	switch {
	case !known || a.result == nil:
		return fmt.Errorf("an answer without its session %d", a.session)
	case some && !answerLess(last, a):
		return errors.New("answers out of order")
	case a.sequence < se.firstOpen || a.sequence-se.firstOpen >= SessionWindow:
		return fmt.Errorf("session %d: sequence %d outside its window", a.session, a.sequence)
	}
	ss.keep(a)
	return nil
}

// trailer checks that everything written has been read, as it was written, and
// that nothing follows.
func (rs *restorer) trailer(t *kvpb.Trailer, sum uint64) error {
	ss := rs.store.sessions
	switch {
	case t.GetPairs() != uint64(rs.store.Keys()),
		t.GetSessions() != uint64(ss.len()),
		t.GetRemembered() != uint64(ss.answers.Len()):
		return errors.New("items are missing")
	case t.GetChecksum() != sum:
		return errors.New("checksum does not match")
	}
	if _, err := rs.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// itemReader reads the items that itemWriter wrote and sums their bytes.
type itemReader struct {
	r   *bufio.Reader
	sum *xxhash.Digest
	buf bytes.Buffer
}

func newItemReader(r io.Reader) *itemReader {
	return &itemReader{r: bufio.NewReader(r), sum: xxhash.New()}
}

// next returns the next item. The end of the stream is an error: the trailer,
// not the end, says that there are no more. The buffer grows with the bytes
// that arrive, not with what a damaged length claims.
func (ir *itemReader) next() (*kvpb.SnapshotItem, error) {
	size, err := binary.ReadUvarint(ir)
	if err != nil {
		return nil, endsEarly(err)
	}
	if size > maxItemBytes {
		return nil, fmt.Errorf("an item of %d bytes", size)
	}
	ir.buf.Reset()
	if _, err := io.CopyN(&ir.buf, ir.r, int64(size)); err != nil {
		return nil, endsEarly(err)
	}
	_, _ = ir.sum.Write(ir.buf.Bytes())
	item := new(kvpb.SnapshotItem)
	if err := proto.Unmarshal(ir.buf.Bytes(), item); err != nil {
		return nil, err
	}
	return item, nil
}

// ReadByte makes itemReader a source for the items' lengths.
func (ir *itemReader) ReadByte() (byte, error) {
	b, err := ir.r.ReadByte()
	if err == nil {
		_, _ = ir.sum.Write([]byte{b})
	}
	return b, err
}

func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
