package kv

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	"raftkv/node/kv/kvpb"
)

const (
	positionBits = 16
	// MaxBatch is how many commands one entry may carry. With it a command's
	// place in the log, its entry's index and its position there, fits in 64
	// bits, and no two commands share one: that is what makes session ids unique.
	MaxBatch = 1<<positionBits - 1
	// MaxIndex is the last index whose places fit. A log that grows by a million
	// entries a second gets there in nine years.
	MaxIndex = 1<<(64-positionBits) - 1
)

// resultOK answers every command that has nothing else to say.
var resultOK = &kvpb.Result{}

// EncodeBatch gives the data of one log entry. It returns ErrBatchTooLarge
// above MaxBatch commands. It may be called from any goroutine.
func EncodeBatch(cmds []*kvpb.Command) ([]byte, error) {
	if len(cmds) > MaxBatch {
		return nil, fmt.Errorf("%w: %d, at most %d", ErrBatchTooLarge, len(cmds), MaxBatch)
	}
	data, err := proto.Marshal(&kvpb.Batch{Commands: cmds})
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	return data, nil
}

// Apply applies the entry at index, which must be AppliedIndex()+1, and returns
// a result for each of its commands, in order. Data is what EncodeBatch gave;
// empty data stands for an entry that is none of the state machine's business.
//
// After an error the store is unchanged, and its owner must stop: an entry left
// out makes a replica differ for ever. The results are shared with the store
// and must not be changed.
func (s *Store) Apply(index uint64, data []byte) ([]*kvpb.Result, error) {
	if index != s.applied+1 || index > MaxIndex {
		return nil, fmt.Errorf("%w: index %d after %d", ErrOutOfOrder, index, s.applied)
	}
	batch, err := decodeBatch(data)
	if err != nil {
		return nil, fmt.Errorf("%w: index %d: %w", ErrCorruptCommand, index, err)
	}
	results := make([]*kvpb.Result, len(batch))
	for i, c := range batch {
		results[i] = s.applyCommand(index<<positionBits|uint64(i+1), c)
	}
	s.applied = index
	return results, nil
}

// decodeBatch copies what it keeps: the caller's bytes may be used again.
func decodeBatch(data []byte) ([]*kvpb.Command, error) {
	var b kvpb.Batch
	if err := proto.Unmarshal(data, &b); err != nil {
		return nil, err
	}
	if n := len(b.GetCommands()); n > MaxBatch {
		return nil, fmt.Errorf("%w: %d", ErrBatchTooLarge, n)
	}
	return b.GetCommands(), nil
}

func (s *Store) applyCommand(place uint64, c *kvpb.Command) *kvpb.Result {
	switch c.GetOp() {
	case kvpb.Command_OP_OPEN_SESSION:
		return s.openSession(place)
	case kvpb.Command_OP_CLOSE_SESSION:
		return &kvpb.Result{Found: s.sessions.remove(c.GetSession())}
	case kvpb.Command_OP_CLOCK:
		return s.moveClock(c.GetNowMs(), c.GetSessionTtlMs())
	case kvpb.Command_OP_PUT, kvpb.Command_OP_DELETE, kvpb.Command_OP_CAS:
		return s.applyOnce(place, c)
	default:
		return refused()
	}
}

// openSession makes room if need be. The id is the command's place in the log:
// never 0, and never another command's.
func (s *Store) openSession(place uint64) *kvpb.Result {
	for s.sessions.len() >= s.limits.MaxSessions {
		id, _, _ := s.sessions.oldest()
		s.sessions.remove(id)
	}
	s.sessions.set(place, session{activeMS: s.clockMS, firstOpen: 1, lastUsed: place})
	return &kvpb.Result{Session: place}
}

// moveClock takes no step back: a new leader's clock may be behind.
func (s *Store) moveClock(nowMS, ttlMS uint64) *kvpb.Result {
	if s.clockMS == 0 {
		s.sessions.startClock(nowMS)
	}
	s.clockMS = max(s.clockMS, nowMS)
	if ttlMS > 0 {
		s.sessions.expire(s.clockMS, ttlMS)
	}
	return resultOK
}

// applyOnce applies a write unless its session shows that it was applied, or
// can no longer tell.
func (s *Store) applyOnce(place uint64, c *kvpb.Command) *kvpb.Result {
	id, sequence := c.GetSession(), c.GetSequence()
	if id == 0 {
		return s.applyWrite(c)
	}
	se, ok := s.sessions.get(id)
	if !ok {
		return &kvpb.Result{Code: kvpb.Result_CODE_SESSION_EXPIRED}
	}
	se = s.touch(id, se, place, c.GetFirstOpen())
	if sequence < se.firstOpen {
		return &kvpb.Result{Code: kvpb.Result_CODE_SEQUENCE_FORGOTTEN}
	}
	if sequence-se.firstOpen >= SessionWindow {
		return refused()
	}
	if r, known := s.sessions.answer(id, sequence); known {
		return r
	}
	if s.sessions.bytesByID[id] >= s.limits.MaxSessionBytes {
		return &kvpb.Result{Code: kvpb.Result_CODE_SESSION_FULL}
	}
	r := s.applyWrite(c)
	s.sessions.remember(id, sequence, r)
	s.sessions.shrink(s.limits.MaxAnswerBytes, id)
	return r
}

// touch notes that a session is alive and forgets what its client has received.
func (s *Store) touch(id uint64, se session, place, firstOpen uint64) session {
	if firstOpen > se.firstOpen {
		s.sessions.forget(id, se.firstOpen, firstOpen-1)
		se.firstOpen = firstOpen
	}
	se.activeMS, se.lastUsed = s.clockMS, place
	s.sessions.set(id, se)
	return se
}

func (s *Store) applyWrite(c *kvpb.Command) *kvpb.Result {
	switch c.GetOp() {
	case kvpb.Command_OP_DELETE:
		return &kvpb.Result{Found: s.remove(c.GetKey())}
	case kvpb.Command_OP_CAS:
		return s.compareAndSwap(c)
	default:
		s.put(c.GetKey(), c.GetValue())
		return resultOK
	}
}

// compareAndSwap says what it saw, won or lost, so that a loser need not read.
func (s *Store) compareAndSwap(c *kvpb.Command) *kvpb.Result {
	actual, found := s.Get(c.GetKey())
	swap := found && bytes.Equal(actual, c.GetExpect())
	if c.GetExpectAbsent() {
		swap = !found
	}
	if swap {
		s.put(c.GetKey(), c.GetValue())
	}
	return &kvpb.Result{Swapped: swap, Found: found, Actual: actual}
}

func refused() *kvpb.Result { return &kvpb.Result{Code: kvpb.Result_CODE_REFUSED} }
