package run

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"raftkv/harness/link"
	"raftkv/harness/recorder"
	"raftkv/history"
)

// mostSpans bounds what is kept of the links. When there is more, what lies
// nearer together than a width is joined: at first finestWidth, then twice that.
const (
	mostSpans   = 2000
	finestWidth = int64(100 * time.Millisecond)
)

// Links records when links were cut or shaped: as they are changed, and not by
// looking at them from time to time, so that a short cut is seen too.
type Links struct {
	clock recorder.Clock

	mu    sync.Mutex
	width int64
	done  []history.LinkSpan
	open  map[direction]history.LinkSpan
}

// direction tells links apart.
type direction struct{ from, to int }

// WatchLinks begins to record. A cluster may have no links: a nil set.
func WatchLinks(set *link.Set, clock recorder.Clock) *Links {
	r := &Links{clock: clock, open: make(map[direction]history.LinkSpan)}
	if set != nil {
		set.Watch(func(l *link.Link, state string) { r.became(direction{l.From(), l.To()}, state) })
	}
	return r
}

// Spans gives what was recorded so far, in the order of beginning.
func (r *Links) Spans() []history.LinkSpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.AppendSeq(slices.Clone(r.done), maps.Values(r.open))
	slices.SortFunc(all, func(a, b history.LinkSpan) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Sender, b.Sender), cmp.Compare(a.Receiver, b.Receiver))
	})
	return all
}

func (r *Links) became(d direction, state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	if s, ok := r.open[d]; ok {
		if s.State == state {
			return
		}
		delete(r.open, d)
		s.To = now
		r.keep(s)
	}
	if state == "" {
		return
	}
	s := history.LinkSpan{Receiver: strconv.Itoa(d.to), State: state, From: now}
	if d.from != link.FromClients {
		s.Sender = strconv.Itoa(d.from)
	}
	r.open[d] = s
}

// keep adds a span that is over, and makes room if there is none.
func (r *Links) keep(s history.LinkSpan) {
	r.done = append(r.done, s)
	for len(r.done) > mostSpans && r.width < s.To {
		r.width = max(2*r.width, finestWidth)
		r.done = history.BlurLinks(r.done, r.width)
	}
}
