package link

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"raftkv/harness/proof"
)

// FromClients is the sender's id of a client link.
const FromClients = 0

// opTimeout bounds one operation on a link, its read-back and its proof.
const opTimeout = 10 * time.Second

// Link is one directed link. Its methods may be called by several goroutines;
// operations on one link run one after the other.
type Link struct {
	set      *Set
	name     string
	from, to int
	end      Endpoint
	mu       sync.Mutex
	layers   []layer // guarded by mu
	// probed is how many bits were flipped by the time that a probe, which may have
	// met them, had proved it; guarded by mu.
	probed int64
	// now is what was last done to the link: a mode or a shape in words.
	now atomic.Pointer[string]
}

// Now says what the link was last made to be: a mode, a shape in words, or
// nothing for a healthy link. It does not look at the link, and never waits.
func (l *Link) Now() string {
	if s := l.now.Load(); s != nil {
		return *s
	}
	return ""
}

// became notes what the link was made to be, and tells who watches.
func (l *Link) became(state string) {
	l.now.Store(&state)
	if tell := l.set.watch.Load(); tell != nil {
		(*tell)(l, state)
	}
}

// Name is "1->2", or "c->2" for a client link. It is the proxy's name too.
func (l *Link) Name() string { return l.name }

// From is the sending node, or FromClients.
func (l *Link) From() int { return l.from }

// To is the receiving node.
func (l *Link) To() int { return l.to }

// Addr is where this program can dial the link: for a client link, where
// clients do.
func (l *Link) Addr() string { return l.end.Dial }

// Drop loses all bytes both ways, silently. Connections stay open until Heal,
// which closes them.
func (l *Link) Drop(ctx context.Context) (proof.Evidence, error) { return l.Cut(ctx, ModeDrop) }

// Hold keeps all bytes both ways until Heal, which delivers them in order.
func (l *Link) Hold(ctx context.Context) (proof.Evidence, error) { return l.Cut(ctx, ModeHold) }

// Reject closes connections and refuses new ones until Heal.
func (l *Link) Reject(ctx context.Context) (proof.Evidence, error) { return l.Cut(ctx, ModeReject) }

// Cut replaces whatever faults the link has by the mode.
func (l *Link) Cut(ctx context.Context, m Mode) (proof.Evidence, error) {
	if _, err := m.setting(); err != nil {
		return proof.Fail(time.Now(), "cut", l.name, err)
	}
	return l.change(ctx, string(m), func() { l.layers = []layer{{mode: m}} })
}

// Shape replaces whatever faults the link has by the shape.
func (l *Link) Shape(ctx context.Context, s Shape) (proof.Evidence, error) {
	return l.change(ctx, "shape", func() { l.layers = []layer{{shape: s}} })
}

// Heal takes every fault off, whoever put it on.
func (l *Link) Heal(ctx context.Context) (proof.Evidence, error) {
	return l.change(ctx, "heal", func() { l.layers = nil })
}

// Probe sends one ping through the link and waits for the answer for up to 2 s.
func (l *Link) Probe(ctx context.Context) Probe { return Ping(ctx, l.end.Dial, 2*time.Second, 0) }

// judge looks at the link and says what it saw. An error is a fault that did
// not take effect.
type judge func(ctx context.Context) (proof.Outcome, string, error)

// change edits the layers, makes the proxy so, reads it back and has it judged,
// within opTimeout. The edit stands also when that fails, so that a later heal
// knows what to undo.
func (l *Link) change(ctx context.Context, action string, edit func()) (proof.Evidence, error) {
	struck := int64(0)
	e, err := l.alone(ctx, action, func(ctx context.Context) (proof.Outcome, string, error) {
		struck = l.struck(ctx)
		edit()
		want, judge := l.wanted()
		if err := l.reconcile(ctx, want); err != nil {
			return "", "", err
		}
		l.became(want.words())
		outcome, detail, err := judge(ctx)
		if want.action != action {
			detail = want.action + " of another fault holds: " + detail
		}
		return outcome, detail, err
	})
	if e.Counted = struck; struck > 0 {
		e.Detail += fmt.Sprintf("; before, %d bits of what passed were flipped", struck)
	}
	return e, err
}

// alone runs one operation on the link under its lock and the deadline.
func (l *Link) alone(ctx context.Context, action string, op judge) (proof.Evidence, error) {
	start := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set.mu.RLock()
	defer l.set.mu.RUnlock()
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	outcome, detail, err := op(ctx)
	if err != nil {
		return proof.Fail(start, action, l.name, err)
	}
	return proof.Since(start, action, l.name, outcome, detail), nil
}

// indeterminate says that a probe proves nothing because the receiver is down.
func (l *Link) indeterminate(p Probe) (proof.Outcome, string, error) {
	return proof.Indeterminate, fmt.Sprintf("read back; %s, but node %d does not answer directly either", p, l.to), nil
}
