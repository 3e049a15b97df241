package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"raftkv/harness/proof"
)

// Reset closes every connection that goes through the link, once; new ones can
// be made at once, if no other fault forbids it. The proof is a connection made
// for the purpose, which answered before and is closed after.
func (l *Link) Reset(ctx context.Context) (proof.Evidence, error) {
	return l.alone(ctx, "reset", func(ctx context.Context) (proof.Outcome, string, error) {
		witness, before := open(ctx, l.end.Dial)
		if witness != nil {
			defer witness.Close()
		}
		if err := l.blink(ctx); err != nil {
			return "", "", err
		}
		if witness == nil {
			return proof.Indeterminate, "read back; there was no live connection to watch: " + before.String(), nil
		}
		return l.judgeReset(ctx, witness)
	})
}

// blink turns the proxy off, which closes its connections, and then to what the
// link's faults want.
func (l *Link) blink(ctx context.Context) error {
	p, err := l.fetch(ctx)
	if err != nil {
		return err
	}
	if p.Enabled {
		if err := l.enable(ctx, p, false); err != nil {
			return err
		}
	}
	want, _ := l.wanted()
	return l.reconcile(ctx, want)
}

// judgeReset waits for the witness's end and judges the link as it is now.
func (l *Link) judgeReset(ctx context.Context, witness net.Conn) (proof.Outcome, string, error) {
	begun := time.Now()
	if err := awaitEnd(ctx, witness); err != nil {
		return "", "", fmt.Errorf("a connection outlived the reset: %w", err)
	}
	closed := time.Since(begun)
	_, judge := l.wanted()
	outcome, detail, err := judge(ctx)
	return outcome, fmt.Sprintf("a live connection was closed within %s; then %s", closed.Round(100*time.Microsecond), detail), err
}

// open makes a connection on which a ping was answered; nil if it was not.
func open(ctx context.Context, addr string) (net.Conn, Probe) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	return greet(ctx, addr, 0)
}

// awaitEnd reads until the connection is closed; an error if it is not in time.
func awaitEnd(ctx context.Context, c net.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.Copy(io.Discard, c); isTimeout(err) {
		return errors.Join(err, ctx.Err())
	}
	return nil
}
