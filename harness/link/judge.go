package link

import (
	"context"
	"fmt"
	"time"

	"raftkv/harness/proof"
)

const (
	// silence is how long a cut link must stay silent. A healthy one answers
	// in about a millisecond.
	silence = 300 * time.Millisecond
	// answerWait is how long one probe of a healed link waits.
	answerWait = 2 * time.Second
	// retryEvery spaces the probes of a link that should answer.
	retryEvery = 50 * time.Millisecond
	// shapeTries is how often a shaped link is probed: with much jitter one
	// probe may happen to be quick.
	shapeTries = 8
	// maxPad bounds the bytes that a probe sends to show a bandwidth.
	maxPad = 256 << 10
)

// judgeCut gives the judge of a cut.
func (l *Link) judgeCut(m Mode) judge {
	return func(ctx context.Context) (proof.Outcome, string, error) {
		wait := silence
		if m == ModeReject {
			wait = answerWait // it ends at once, unless this machine is slow
		}
		p := Ping(ctx, l.end.Dial, wait, 0)
		proved := p.Kind == Silent
		if m == ModeReject {
			proved = p.Kind == Refused || p.Kind == Closed
		}
		switch {
		case p.Bytes > 0:
			return "", "", fmt.Errorf("read back, but the link still carries data: %s", p)
		case p.Kind == Refused && proved:
			return proof.Installed, p.String(), nil // nobody listens: true whatever the receiver does
		case !l.set.cfg.Alive(ctx, l.to):
			return l.indeterminate(p)
		case proved:
			return proof.Installed, p.String(), nil
		default:
			return "", "", fmt.Errorf("read back, but a probe met something else: %s", p)
		}
	}
}

// judgeHealed wants an answer, and asks again until there is one or the
// deadline is near: a receiver that just came back may need a moment.
func (l *Link) judgeHealed(ctx context.Context) (proof.Outcome, string, error) {
	deadline := time.Now().Add(opTimeout / 2)
	for {
		p := Ping(ctx, l.end.Dial, answerWait, 0)
		if p.Kind == Answered {
			return proof.Installed, p.String(), nil
		}
		if !l.set.cfg.Alive(ctx, l.to) {
			return l.indeterminate(p)
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return "", "", fmt.Errorf("read back, but the link does not answer: %s", p)
		}
		pause(ctx, retryEvery)
	}
}

// judgeShape gives the judge of a shape: a round trip that is slower than a
// healthy link's by what the shape says.
func (l *Link) judgeShape(s Shape) judge {
	if s.CorruptKB > 0 {
		return l.judgeCorrupt(s)
	}
	return func(ctx context.Context) (proof.Outcome, string, error) {
		floor, pad := s.floor()
		if floor == 0 {
			return proof.Indeterminate, "read back; too weak for a probe to show", nil
		}
		var p Probe
		for range shapeTries {
			p = Ping(ctx, l.end.Dial, 2*floor+4*s.Jitter+answerWait, pad)
			if p.RTT >= floor && (p.Kind == Answered || p.Kind == Leaked) {
				return proof.Installed, fmt.Sprintf("%s; a round trip took %s, at least %s was due", s, p.RTT.Round(time.Millisecond), floor), nil
			}
			if p.Kind != Answered && !l.set.cfg.Alive(ctx, l.to) {
				return l.indeterminate(p)
			}
		}
		return "", "", fmt.Errorf("read back (%s), but in %d probes no round trip took %s: %s", s, shapeTries, floor, p)
	}
}

// floor says how long a round trip through the shape should take at least, and
// how many bytes a probe must send to see that. With jitter it is the mean
// delay, which one of a few probes reaches. 0 means that it is lost in noise.
func (s Shape) floor() (time.Duration, int) {
	floor, pad := 2*s.Latency, 0
	if s.Jitter > 0 {
		floor = max(2*(s.Latency-s.Jitter), s.Latency)
	}
	if s.BandwidthKBps > 0 {
		pad = int(min(max(s.BandwidthKBps*100, 2048), maxPad)) // a tenth of a second's worth
		due := time.Duration(pad) * time.Millisecond / time.Duration(s.BandwidthKBps)
		floor = max(floor, due*7/10)
	}
	if floor < 2*time.Millisecond {
		return 0, 0
	}
	return floor, pad
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
