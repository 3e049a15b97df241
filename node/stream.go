package node

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// streamWindow bounds the requests of one stream that are not answered yet, or
// whose answer waits to be sent. Beyond it nothing more is read: a client that
// does not take its answers is slowed down by flow control, not remembered.
const streamWindow = 16384

// Stream serves many requests at once. Answers come in the order in which they
// are ready, joined into one message while the previous one is being sent.
func (s *service) Stream(plain grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse]) error {
	stream := newCheckedStream(plain, s.node.corrupt)
	ctx, cancel := context.WithCancel(stream.Context())
	out := newInbox[*apiv1.Response](make(chan struct{}, 1))
	window := semaphore.NewWeighted(streamWindow)
	sent := make(chan error, 1)
	go func() { sent <- sendResponses(ctx, stream, out, window) }()
	received := make(chan error, 1)
	go func() { received <- s.receiveRequests(ctx, stream, out, window) }()
	var err error
	select {
	case err = <-received:
		cancel()
		<-sent
	case err = <-sent: // the receiver ends with the handler, which ends the stream
		cancel()
	case <-s.node.answered:
		cancel()
		err = <-sent
	}
	return err
}

// receiveRequests feeds the node until the client closes its side, and then
// waits for the answers that are due: a client may close before it reads.
func (s *service) receiveRequests(ctx context.Context, stream grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse], out *inbox[*apiv1.Response], window *semaphore.Weighted) error {
	var due sync.WaitGroup
	answer := func(p *apiv1.Response) { out.put(p); due.Done() }
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			due.Wait()
			return nil
		}
		if err != nil {
			return err
		}
		if len(batch.Requests) > streamWindow {
			return status.Errorf(codes.InvalidArgument, "more than %d requests in one message", streamWindow)
		}
		if err := window.Acquire(ctx, int64(len(batch.Requests))); err != nil {
			return err
		}
		for _, q := range batch.Requests {
			due.Add(1)
			s.node.gate.submit(q, time.Time{}, marking(q, answer))
		}
	}
}

// sendResponses sends what is ready until ctx ends, then once what is left.
func sendResponses(ctx context.Context, stream grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse], out *inbox[*apiv1.Response], window *semaphore.Weighted) error {
	for {
		select {
		case <-out.wake:
		case <-ctx.Done():
			return sendAll(stream, out.take())
		}
		ready := out.take()
		if err := sendAll(stream, ready); err != nil {
			return err
		}
		window.Release(int64(len(ready)))
	}
}

// sendAll sends ps in messages that stay within the wire's bounds.
func sendAll(stream grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse], ps []*apiv1.Response) error {
	for len(ps) > 0 {
		n, bytes := 0, 0
		for n < len(ps) && n < api.BatchRequests && bytes < api.BatchBytes {
			bytes += proto.Size(ps[n])
			n++
		}
		if err := stream.Send(&apiv1.StreamResponse{Responses: append([]*apiv1.Response(nil), ps[:n]...)}); err != nil {
			return err
		}
		ps = ps[n:]
	}
	return nil
}
