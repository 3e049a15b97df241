package peer

import (
	"context"
	"io"

	"golang.org/x/time/rate"
)

// newPace gives what all transfers share, or nil for no bound.
func newPace(bytesPerSecond int) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytesPerSecond), max(bytesPerSecond/4, 1))
}

// paced slows r down to the transport's rate. The waits are short and each is
// followed by alive, so that a slow transfer does not pass for a stuck one.
func (t *Transport) paced(ctx context.Context, r io.Reader, alive func()) io.Reader {
	if t.pace == nil {
		return r
	}
	return &pacedReader{ctx: ctx, r: r, pace: t.pace, alive: alive}
}

type pacedReader struct {
	ctx   context.Context
	r     io.Reader
	pace  *rate.Limiter
	alive func()
}

// Read reads no more than the limiter grants at once.
func (p *pacedReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b[:min(len(b), p.pace.Burst())])
	if n > 0 {
		if waited := p.pace.WaitN(p.ctx, n); waited != nil {
			return 0, waited
		}
		p.alive()
	}
	return n, err
}
