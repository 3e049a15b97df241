package peer

import (
	"context"
	"time"
)

// Flush returns when every peer that is connected has received all that was
// queued for it, or after timeout. It ends the streams: call it last, before
// Close.
func (t *Transport) Flush(timeout time.Duration) {
	ctx, cancel := context.WithTimeout(t.ctx, timeout)
	defer cancel()
	for _, done := range t.flushAll() {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

// flushAll asks every connected sender to finish; each closes its channel then.
func (t *Transport) flushAll() (waiting []<-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.senders {
		if done := make(chan struct{}); s.open.Load() {
			s.flush <- done // one fits, and Flush is called once
			waiting = append(waiting, done)
		}
	}
	return waiting
}

// finish sends what is queued and waits for the peer's word that it arrived.
func (s *sender) finish(stream *watched, refused <-chan error) error {
	for {
		select {
		case q := <-s.queue:
			if err := stream.send(s.batch(q.Message)); err != nil {
				return err
			}
			continue
		default:
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		select {
		case err := <-refused:
			return err
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
