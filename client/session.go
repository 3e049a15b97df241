package client

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// session numbers the writes of one server-side session. At most
// api.SessionWindow of them lie between the oldest that is still open and the
// next; whoever comes then waits.
type session struct {
	id   uint64
	room *semaphore.Weighted // what is left of the window

	mu        sync.Mutex
	next      uint64 // sequence number of the next write
	firstOpen uint64 // every write below has ended
	ended     [api.SessionWindow]bool
}

func newSession(id uint64) *session {
	return &session{
		id: id, room: semaphore.NewWeighted(api.SessionWindow),
		next: 1, firstOpen: 1,
	}
}

// begin takes the next sequence number. Every begin needs its end.
func (s *session) begin(ctx context.Context) (*apiv1.Retry, error) {
	if err := s.room.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &apiv1.Retry{Session: s.id, Sequence: s.next, FirstOpen: s.firstOpen}
	s.next++
	return r, nil
}

// end says that nobody will send this write again, whatever became of it.
func (s *session) end(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[sequence%api.SessionWindow] = true
	before := s.firstOpen
	for s.firstOpen < s.next && s.ended[s.firstOpen%api.SessionWindow] {
		s.ended[s.firstOpen%api.SessionWindow] = false
		s.firstOpen++
	}
	if n := s.firstOpen - before; n > 0 {
		s.room.Release(int64(n))
	}
}
