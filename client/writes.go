package client

import (
	"bytes"
	"context"
	"errors"

	apiv1 "raftkv/client/api/v1"
)

// Put sets key to value.
func (c *Client) Put(ctx context.Context, key string, value []byte) error {
	value = bytes.Clone(value) // a sender may still read it after the call has ended
	_, err := c.write(ctx, operation{"put", key, len(key) + len(value)}, func(r *apiv1.Retry) *apiv1.Request {
		return &apiv1.Request{Op: &apiv1.Request_Put{Put: &apiv1.PutRequest{
			Key: []byte(key), Value: value, Retry: r,
		}}}
	})
	return err
}

// Delete removes key, and says whether it existed.
func (c *Client) Delete(ctx context.Context, key string) (bool, error) {
	resp, err := c.write(ctx, operation{"delete", key, len(key)}, func(r *apiv1.Retry) *apiv1.Request {
		return &apiv1.Request{Op: &apiv1.Request_Delete{Delete: &apiv1.DeleteRequest{
			Key: []byte(key), Retry: r,
		}}}
	})
	return resp.GetDelete().GetFound(), err
}

// CompareAndSwap sets key to value if it is as expected, and tells what it was.
func (c *Client) CompareAndSwap(
	ctx context.Context, key string, expect Expect, value []byte,
) (CASResult, error) {
	value, old := bytes.Clone(value), bytes.Clone(expect.Value)
	resp, err := c.write(ctx, operation{"cas", key, len(key) + len(value) + len(old)}, func(r *apiv1.Retry) *apiv1.Request {
		return &apiv1.Request{Op: &apiv1.Request_Cas{Cas: &apiv1.CompareAndSwapRequest{
			Key: []byte(key), ExpectAbsent: expect.Absent, Expect: old, Value: value, Retry: r,
		}}}
	})
	cas := resp.GetCas()
	return CASResult{Swapped: cas.GetSwapped(), Found: cas.GetFound(), Actual: cas.GetActual()}, err
}

func (c *Client) write(
	ctx context.Context, o operation, build func(*apiv1.Retry) *apiv1.Request,
) (*apiv1.Response, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	if c.cfg.NoSession {
		return c.run(ctx, &attempts{op: o, req: build(nil), once: true})
	}
	resp, err := c.writeOnce(ctx, o, build)
	if errors.Is(err, ErrSessionExpired) && errors.Is(err, ErrNotDone) {
		// Nothing of it was done, so it is a new write in a new session.
		return c.writeOnce(ctx, o, build)
	}
	return resp, err
}

// writeOnce makes the write within the current session, where it is applied
// once however often it is sent.
func (c *Client) writeOnce(
	ctx context.Context, o operation, build func(*apiv1.Retry) *apiv1.Request,
) (*apiv1.Response, error) {
	s, err := c.sessions.current(ctx)
	if err != nil {
		return nil, notDone(o.String(), causesOf(err)...)
	}
	retry, err := s.begin(ctx)
	if err != nil {
		return nil, notDone(o.String(), err)
	}
	defer s.end(retry.GetSequence())
	resp, err := c.run(ctx, &attempts{op: o, req: build(retry)})
	if errors.Is(err, ErrSessionExpired) {
		c.sessions.forget(s)
	}
	return resp, err
}
