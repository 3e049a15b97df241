package rafttest

import "time"

// event is something that happens at a moment of virtual time. Events of one
// moment happen in the order in which they were scheduled.
type event struct {
	at   time.Duration
	seq  uint64
	fire func()
}

func (e event) before(o event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// clock is virtual time and the heap of what is still to happen. It is written
// out rather than built on container/heap, whose interface values would
// allocate once more for every event of a run.
type clock struct {
	now  time.Duration
	seq  uint64
	heap []event
}

// after schedules fire at d from now.
func (c *clock) after(d time.Duration, fire func()) {
	c.seq++
	c.heap = append(c.heap, event{at: c.now + d, seq: c.seq, fire: fire})
	c.up(len(c.heap) - 1)
}

// step moves time to the next event and lets it happen. False: there is none
// at or before limit; time then stands at limit.
func (c *clock) step(limit time.Duration) bool {
	if len(c.heap) == 0 || c.heap[0].at > limit {
		c.now = limit
		return false
	}
	next := c.heap[0]
	last := len(c.heap) - 1
	c.heap[0] = c.heap[last]
	c.heap[last] = event{}
	c.heap = c.heap[:last]
	c.down(0)
	c.now = next.at
	next.fire()
	return true
}

func (c *clock) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !c.heap[i].before(c.heap[parent]) {
			return
		}
		c.heap[i], c.heap[parent] = c.heap[parent], c.heap[i]
		i = parent
	}
}

func (c *clock) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(c.heap); child++ {
			if c.heap[child].before(c.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		c.heap[i], c.heap[least] = c.heap[least], c.heap[i]
		i = least
	}
}
