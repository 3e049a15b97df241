package node

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// errCorruptRequest reports a request that is not the one that was sent.
var errCorruptRequest = errors.New("a request was changed on its way; it was not done")

// checkedStream verifies what comes in and seals what goes out: all of it where
// the client has said that it checks, and otherwise what has a checksum.
type checkedStream struct {
	grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse]
	all     bool
	corrupt *corruption
}

func newCheckedStream(s grpc.BidiStreamingServer[apiv1.StreamRequest, apiv1.StreamResponse], c *corruption) *checkedStream {
	return &checkedStream{s, announced(s.Context()), c}
}

// announced says whether the client of a stream checks.
func announced(ctx context.Context) bool {
	v := metadata.ValueFromIncomingContext(ctx, api.ChecksumsKey)
	return len(v) == 1 && v[0] == api.ChecksumsOn
}

// Recv gives requests as they were sent, or ends the stream with DataLoss:
// nothing of the message was done then.
func (s *checkedStream) Recv() (*apiv1.StreamRequest, error) {
	m, err := s.BidiStreamingServer.Recv()
	switch {
	case status.Code(err) == codes.Internal: // gRPC could not decode it
		err = fmt.Errorf("%w: %w", errCorruptRequest, err)
	case err != nil:
		return nil, err
	default:
		err = s.verify(m)
	}
	if err != nil {
		s.corrupt.request(err)
		return nil, status.Error(codes.DataLoss, err.Error())
	}
	return m, nil
}

func (s *checkedStream) verify(m *apiv1.StreamRequest) error {
	if s.all && len(m.ProtoReflect().GetUnknown()) > 0 {
		return fmt.Errorf("%w: an unknown field", errCorruptRequest)
	}
	for _, q := range m.Requests {
		if (s.all || q.Checksum != nil) && !api.RequestIntact(q) {
			return fmt.Errorf("%w: request %d", errCorruptRequest, q.Id)
		}
		if s.all {
			q.Checksum = nil // as all responses are sealed, none need be marked
		}
	}
	return nil
}

// marking has the response to a request with a checksum get one.
func marking(q *apiv1.Request, answer func(*apiv1.Response)) func(*apiv1.Response) {
	if q.Checksum == nil {
		return answer
	}
	return func(p *apiv1.Response) {
		p.Checksum = new(uint32)
		answer(p)
	}
}

// Send seals the responses.
func (s *checkedStream) Send(m *apiv1.StreamResponse) error {
	if s.all {
		api.SealResponses(m.Responses)
		return s.BidiStreamingServer.Send(m)
	}
	for i, p := range m.Responses {
		if p.Checksum != nil {
			api.SealResponses(m.Responses[i : i+1])
		}
	}
	return s.BidiStreamingServer.Send(m)
}
