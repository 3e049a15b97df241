package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/proof"
)

// act is one thing that a fault does again and again.
type act func(ctx context.Context) (proof.Evidence, error)

// repeated does a thing again and again on one goroutine, with a pause before
// each time, until it is stopped or has failed or is done.
type repeated struct {
	stop chan struct{} // closed by end
	done chan struct{} // closed by the goroutine

	// Written by the goroutine; read after done.
	proved, times int
	err           error
}

// repeat starts; most is how many times, 0 for no end.
func repeat(pause time.Duration, most int, do act) *repeated {
	r := &repeated{stop: make(chan struct{}), done: make(chan struct{})}
	go r.run(pause, most, do)
	return r
}

func (r *repeated) run(pause time.Duration, most int, do act) {
	defer close(r.done)
	for most == 0 || r.times < most {
		select {
		case <-r.stop:
			return
		case <-time.After(pause):
		}
		e, err := do(context.Background()) // each act has a bound of its own
		r.times++
		if e.Outcome == proof.Installed {
			r.proved++
		}
		if r.err = err; err != nil {
			return
		}
	}
}

// end stops it and waits for the act that is being done.
func (r *repeated) end(ctx context.Context) error {
	close(r.stop)
	return r.wait(ctx)
}

// wait waits until it is done.
func (r *repeated) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return errors.New("what the fault was doing did not end in time")
	}
}

// String tells how often; call it after wait.
func (r *repeated) String() string { return fmt.Sprintf("%d more times, %d proved", r.times, r.proved) }
