package node

import "sync"

// inbox is a queue that anyone may fill and one goroutine empties all at once.
// Filling never blocks; wake is buffered by one, so that a wake is never lost
// and never piles up.
type inbox[T any] struct {
	mu    sync.Mutex
	items []T
	spare []T
	wake  chan struct{}
}

func newInbox[T any](wake chan struct{}) *inbox[T] { return &inbox[T]{wake: wake} }

// put adds items and wakes the owner.
func (b *inbox[T]) put(items ...T) {
	b.mu.Lock()
	b.items = append(b.items, items...)
	b.mu.Unlock()
	b.signal()
}

// offer adds items unless limit are waiting already.
func (b *inbox[T]) offer(limit int, items ...T) bool {
	b.mu.Lock()
	ok := len(b.items) < limit
	if ok {
		b.items = append(b.items, items...)
	}
	b.mu.Unlock()
	if ok {
		b.signal()
	}
	return ok
}

func (b *inbox[T]) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take hands over everything; the result is valid until the next take.
func (b *inbox[T]) take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.items
	clear(b.spare)
	b.items, b.spare = b.spare[:0], out
	return out
}
