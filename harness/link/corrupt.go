package link

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"

	"raftkv/harness/corrupt"
	"raftkv/harness/proof"
)

const (
	// byItself is for how long a link that flips bits is watched before probes carry
	// the bytes in which one is due.
	byItself = 200 * time.Millisecond
	// bentWait is how long a probe waits whose answer may never come: a bent length
	// has a server wait for more.
	bentWait = 300 * time.Millisecond
)

// of is the shape on a link: with one seed for all, every link would flip the same.
func (s Shape) of(l *Link) Shape {
	if s.CorruptKB > 0 {
		h := fnv.New32a()
		_, _ = fmt.Fprintf(h, "%s %d", l.name, s.Seed) // never fails
		s.Seed = int64(h.Sum32())
	}
	return s
}

// judgeCorrupt gives the judge of a shape that flips bits: the toxic has counted one,
// in what passes by itself or in what probes carry. What else the shape does is judged
// as without.
func (l *Link) judgeCorrupt(s Shape) judge {
	return func(ctx context.Context) (proof.Outcome, string, error) {
		outcome, detail, err := l.awaitFlip(ctx, s)
		s.CorruptKB = 0
		if floor, _ := s.floor(); err != nil || outcome != proof.Installed || floor == 0 {
			return outcome, detail, err
		}
		rest, more, err := l.judgeShape(s)(ctx)
		return rest, detail + "; " + more, err
	}
}

// awaitFlip looks at the count until it is not nothing. Within twice the distance a
// bit is due, so that probes of that many bytes are enough.
func (l *Link) awaitFlip(ctx context.Context, s Shape) (proof.Outcome, string, error) {
	l.probed = 0
	begun := time.Now()
	for probes, due := 0, int(2*s.CorruptKB<<10/maxPad)+2; ; {
		now, err := l.corruption(ctx)
		switch {
		case err != nil:
			return "", "", err
		case now.Flipped > 0:
			if probes > 0 {
				l.probed = now.Flipped
			}
			return proof.Installed, fmt.Sprintf("%s; %d bits flipped so far, in %d bytes, %d probes among them", s, now.Flipped, now.Carried, probes), nil
		case time.Since(begun) < byItself:
			pause(ctx, retryEvery)
			continue
		case probes >= due:
			return "", "", fmt.Errorf("read back (%s), but in %d bytes no bit was flipped", s, now.Carried)
		}
		if p := Ping(ctx, l.end.Dial, bentWait, maxPad); p.Kind != Answered && !l.set.cfg.Alive(ctx, l.to) {
			return l.indeterminate(p)
		}
		probes++
	}
}

// corruption is what the link's toxics say that they have done, both directions
// together; nothing if there are none.
func (l *Link) corruption(ctx context.Context) (sum corrupt.Attributes, err error) {
	p, err := l.fetch(ctx)
	if err != nil {
		return sum, err
	}
	for _, t := range p.ActiveToxics {
		if t.Type == corrupt.Name {
			sum.Flipped += attribute(t, "flipped")
			sum.Carried += attribute(t, "carried")
		}
	}
	return sum, nil
}

// attribute reads a number; the API's come as float64.
func attribute(t toxiproxy.Toxic, name string) int64 {
	f, _ := t.Attributes[name].(float64)
	return int64(f)
}

// struck is how many bits were flipped of what passed since the link was made to flip
// them: those that a probe may have met do not count. It is nothing for a link that
// is not made so, or that cannot be asked.
func (l *Link) struck(ctx context.Context) int64 {
	if y := effective(l.layers); y.mode != "" || y.shape.CorruptKB == 0 {
		return 0
	}
	sum, err := l.corruption(ctx)
	if err != nil {
		return 0
	}
	return max(0, sum.Flipped-l.probed)
}
