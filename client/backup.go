package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// Backup writes the whole state of one moment to w, in the form that `raftkv
// snapshot restore` takes, and returns how many bytes it wrote. It holds every
// write that was acknowledged before the call. Any node can give it; At names
// one. A node that falls silent for Config.RequestTimeout (half as long again until
// it begins), or refuses, is left for another as long as nothing was written; ctx
// bounds the whole. After an error, which is ErrNotDone, what was written is no backup.
func (c *Client) Backup(ctx context.Context, w io.Writer, opts ...ReadOption) (int64, error) {
	links, err := c.backupNodes(newReadOptions(opts).at)
	if err != nil {
		return 0, notDone("backup", err)
	}
	var last *link
	for _, l := range links {
		n, failed := c.backupFrom(ctx, l, w)
		if failed == nil {
			return n, nil
		}
		if n > 0 || ctx.Err() != nil || c.ctx.Err() != nil {
			return n, c.backupError(ctx, l, failed)
		}
		if _, answered := api.FromStatus(err); !answered { // an answer says more than silence
			last, err = l, failed
		}
	}
	return 0, c.backupError(ctx, last, err)
}

// backupNodes names the nodes to ask, those under no suspicion first.
func (c *Client) backupNodes(at string) ([]*link, error) {
	if at != "" {
		l := c.router.byAddress(at)
		if l == nil {
			return nil, fmt.Errorf("%w: %q is not one of the client's nodes", ErrBadRequest, at)
		}
		return []*link{l}, nil
	}
	var good, suspect []*link
	for _, l := range c.router.all() {
		if l.suspect.Load() {
			suspect = append(suspect, l)
		} else {
			good = append(good, l)
		}
	}
	return append(good, suspect...), nil
}

// backupFrom takes a backup from one node, as long as it keeps sending.
func (c *Client) backupFrom(ctx context.Context, l *link, w io.Writer) (written int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A node without a quorum says so after the time it is given: before this.
	watchdog := time.AfterFunc(c.cfg.RequestTimeout*3/2, func() { cancel(errSilent) })
	defer watchdog.Stop()
	stream, err := apiv1.NewBackupClient(l.conn()).Backup(ctx, &apiv1.BackupRequest{WaitMs: uint64(c.cfg.RequestTimeout.Milliseconds())})
	if err != nil {
		return 0, err
	}
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			if context.Cause(ctx) == errSilent {
				err = errSilent
			}
			return written, err
		}
		watchdog.Reset(c.cfg.RequestTimeout)
		n, err := w.Write(chunk.GetData())
		written += int64(n)
		if err != nil {
			return written, writeError{err}
		}
	}
}

// writeError is the caller's writer's, not the cluster's.
type writeError struct{ error }

// Unwrap gives the writer's own error.
func (e writeError) Unwrap() error { return e.error }

func (c *Client) backupError(ctx context.Context, l *link, err error) error {
	op := "backup from " + l.address
	if local, ok := errors.AsType[writeError](err); ok {
		return notDone(op, local.error)
	}
	if e, ok := api.FromStatus(err); ok {
		return notDone(op, cause(e))
	}
	if c.ctx.Err() == nil && ctx.Err() == nil && errors.Is(err, errSilent) {
		return notDone(op, ErrUnavailable, err)
	}
	return c.statusError(ctx, op, err)
}
