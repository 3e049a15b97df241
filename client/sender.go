package client

import (
	"fmt"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

type grpcStream = grpc.BidiStreamingClient[apiv1.StreamRequest, apiv1.StreamResponse]

// run opens the stream and sends until it breaks. It is the stream's sender
// goroutine, and starts the receiver.
func (s *stream) run() {
	ctx := metadata.AppendToOutgoingContext(s.ctx, api.ChecksumsKey, api.ChecksumsOn)
	st, err := apiv1.NewKVClient(s.link.conn()).Stream(ctx)
	if err != nil {
		s.sever(fmt.Errorf("%w: %s", errLost, oneLine(err)))
		return
	}
	s.link.router.running.Go(func() { s.receive(st) })
	for {
		select {
		case <-s.wake:
		case <-s.ctx.Done():
			s.sever(errLost)
			return
		}
		// Let callers that are ready to run queue theirs too: one larger
		// message costs far less than many small ones.
		runtime.Gosched()
		if !s.flush(st) {
			return
		}
	}
}

func (s *stream) receive(st grpcStream) {
	for {
		m, err := st.Recv()
		if err == nil {
			err = intact(m)
		}
		if err != nil {
			if bent(err) {
				s.link.renew()
			}
			s.sever(fmt.Errorf("%w: %s", errLost, oneLine(err)))
			return
		}
		s.deliver(m.GetResponses())
		s.link.heard()
	}
}

// flush sends all that is queued, and says whether the stream still works.
// After a failed Send the receiver, too, gets the error and the better reason
// for it, so ending the stream is left to that.
func (s *stream) flush(st grpcStream) bool {
	for batch := s.take(); len(batch) > 0; batch = s.take() {
		api.SealRequests(batch)
		if err := st.Send(&apiv1.StreamRequest{Requests: batch}); err != nil {
			return false
		}
	}
	return true
}

// take removes a batch from the queue. Its calls count as sent from here on;
// those that were given up while queued are left out, and never sent.
func (s *stream) take() []*apiv1.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]*apiv1.Request, 0, min(len(s.queue), api.BatchRequests))
	size, n := 0, 0
	for ; n < len(s.queue) && len(batch) < api.BatchRequests && size < api.BatchBytes; n++ {
		o := s.queue[n]
		if s.pending[o.req.Id] != o.call {
			continue
		}
		o.call.sent = true
		batch = append(batch, o.req)
		size += proto.Size(o.req)
	}
	s.dequeue(n)
	return batch
}

// dequeue drops the first n of the queue, and keeps its array when it empties.
func (s *stream) dequeue(n int) {
	clear(s.queue[:n])
	if n == len(s.queue) {
		s.queue = s.queue[:0]
	} else {
		s.queue = s.queue[n:]
	}
}
