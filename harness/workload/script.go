package workload

import "raftkv/history"

// script draws the next operation of a client on a key that may hold guess. A
// cas shows what it met instead, so a wrong guess costs one operation.
type script func(w *worker, key string, guess history.Value) history.Event

// mixed draws a function by weight.
func (w *worker) mixed(key string, guess history.Value) history.Event {
	op := history.Event{F: w.mix.pick(w.rand), Key: key}
	switch op.F {
	case history.Put:
		op.Value = w.unique()
	case history.CAS:
		op.Value, op.Expect = w.unique(), w.expect(guess)
	}
	return op
}

// stepping reads, or takes the guess one step further by cas; a step that says
// no is a read. The judge's rules about objects need that nothing else is done.
func stepping(step func(w *worker, key string, from history.Value) (history.Value, bool)) script {
	return func(w *worker, key string, guess history.Value) history.Event {
		if w.mix.pick(w.rand) == history.CAS {
			if to, ok := step(w, key, guess); ok {
				return history.Event{F: history.CAS, Key: key, Expect: guess, Value: to}
			}
		}
		return history.Event{F: history.Get, Key: key}
	}
}

func increment(w *worker, _ string, from history.Value) (history.Value, bool) {
	c, ok := history.ParseCounter(from)
	return c.Next(w.tag()).Value(), ok
}

func appendTo(w *worker, _ string, from history.Value) (history.Value, bool) {
	l, ok := history.ParseList(from)
	return l.With(w.tag()).Value(), ok
}

// lock takes a free lock, frees its own, and now and then gives up on another
// holder, who may be gone, and takes the lock over with the next token.
func (w *worker) lock(key string, from history.Value) (history.Value, bool) {
	l, ok := history.ParseLock(from)
	if !ok {
		return from, false
	}
	if l.Held && l.Tag == w.holding[key] {
		return l.Released().Value(), true
	}
	if l.Held && w.rand.IntN(takeover) > 0 {
		return from, false
	}
	tag := w.tag()
	if w.holding == nil {
		w.holding = make(map[string]string)
	}
	w.holding[key] = tag
	return l.Taken(tag).Value(), true
}

// takeover is how often, one time in so many, a lock is taken from its holder.
const takeover = 6
