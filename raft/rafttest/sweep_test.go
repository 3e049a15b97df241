package rafttest

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// sweep runs many seeds, several at a time, and tells how far it is. It keeps
// sums and failures only, so that it can go on for as long as anybody waits.
type sweep struct {
	options Options
	given   string // what the Makefile was given besides, to repeat a run
	count   uint64
	out     io.Writer // for progress, and failures as they happen
	started time.Time

	mu        sync.Mutex
	ended     uint64
	undecided int
	failures  []*Failure
	total     Result
	spoke     time.Time
}

// How often progress is told: on a terminal one line is written over, in a file
// each is kept.
const (
	everyOnTerminal = 200 * time.Millisecond
	everyInFile     = 5 * time.Second
	// tracesTold is for how many failures the trace is told at once.
	tracesTold = 3
)

func (s *sweep) run(first uint64, jobs int) {
	var g errgroup.Group
	g.SetLimit(jobs)
	for seed := first; seed < first+s.count; seed++ {
		g.Go(func() error {
			o := s.options
			o.Seed = seed
			s.took(seed, Run(o))
			return nil
		})
	}
	_ = g.Wait() // no run gives an error
	s.line(true)
}

// took adds a run's result.
func (s *sweep) took(seed uint64, r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended++
	s.add(r)
	if r.Undecided != "" {
		s.undecided++
		fmt.Fprintf(s.out, "%sseed %d is not decided: %s\n", s.clear(), seed, r.Undecided)
	}
	if r.Failure != nil {
		s.failed(r.Failure)
	}
	s.progress()
}

func (s *sweep) add(r Result) {
	s.total.Simulated += r.Simulated
	s.total.Operations += r.Operations
	s.total.Committed += r.Committed
	s.total.Snapshots += r.Snapshots
	s.total.Changes += r.Changes
	s.total.Recoveries += r.Recoveries
	s.total.ByLease += r.ByLease
	s.total.Steps += r.Steps
}

// failed tells a failure at once: whoever watches a long run need not wait.
func (s *sweep) failed(f *Failure) {
	s.failures = append(s.failures, f)
	fmt.Fprint(s.out, s.clear())
	if len(s.failures) <= tracesTold {
		fmt.Fprint(s.out, f.Trace)
	}
	fmt.Fprintf(s.out, "FAILURE: %v\nrepeat with: %s\nreduce with: %s\n", f, s.repeat(f.Seed), s.reduce(f.Seed))
}

func (s *sweep) repeat(seed uint64) string {
	return fmt.Sprintf("make sim SEED=%d SEEDS=1%s", seed, s.given)
}

func (s *sweep) reduce(seed uint64) string {
	return fmt.Sprintf("make shrink SEED=%d%s", seed, s.given)
}

func (s *sweep) progress() {
	every := everyInFile
	if s.terminal() {
		every = everyOnTerminal
	}
	if time.Since(s.spoke) >= every {
		s.line(false)
	}
}

// line tells how far the sweep is; the last one stays on a terminal.
func (s *sweep) line(last bool) {
	s.spoke = time.Now()
	took := s.spoke.Sub(s.started).Seconds()
	end := "\n"
	if s.terminal() && !last {
		end = ""
	}
	fmt.Fprintf(s.out, "%s%d of %d seeds, %.1f per second, %d failures, %d undecided, %.0f s simulated (%.0f per second)%s", s.clear(),
		s.ended, s.count, float64(s.ended)/took, len(s.failures), s.undecided,
		s.total.Simulated.Seconds(), s.total.Simulated.Seconds()/took, end)
}

// clear wipes the line that is written over.
func (s *sweep) clear() string {
	if s.terminal() {
		return "\r\x1b[K"
	}
	return ""
}

func (s *sweep) terminal() bool {
	f, ok := s.out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s *sweep) summary() string {
	r := &s.total
	return fmt.Sprintf("%d seeds, %d failures, %d undecided: %v simulated, %d operations, %d committed entries, %d snapshots installed, %d memberships, %d disks recovered, %d lines of trace",
		s.ended, len(s.failures), s.undecided, r.Simulated, r.Operations, r.Committed, r.Snapshots, r.Changes, r.Recoveries, r.Steps)
}
