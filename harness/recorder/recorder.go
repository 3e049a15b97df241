package recorder

import (
	"fmt"
	"maps"
	"os"
	"sync"

	"raftkv/history"
)

// Counts is how many operations ended how, so far.
type Counts struct {
	Ok, Failed, Unknown int
	// Writes is the part of Ok that wrote: put, delete, and won swaps.
	Writes int
}

// Recorder appends events to a history file. Its methods are safe for
// concurrent use.
type Recorder struct {
	clock Clock
	file  *os.File
	out   *history.Writer

	mu        sync.Mutex
	processes int
	counts    Counts
	mark      int64
	sinceMark map[history.Function]int
	// expected and firstWrite: see ExpectWrite.
	expected, firstWrite int64
	err                  error
}

// Create makes the history file at path, which must not exist yet, and a
// recorder that stamps events with clock.
func Create(path string, clock Clock) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create history: %w", err)
	}
	return &Recorder{clock: clock, file: f, out: history.NewWriter(f)}, nil
}

// Client registers a logical client under a process number of its own.
func (r *Recorder) Client() *Client {
	return &Client{r: r, process: r.process()}
}

// Counts reports how operations ended so far.
func (r *Recorder) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Mark starts a count of the operations that are called from now on and succeed.
func (r *Recorder) Mark() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark = r.clock.Now()
	r.sinceMark = map[history.Function]int{}
}

// SinceMark is how many operations that were called since the last Mark have
// succeeded, by function.
func (r *Recorder) SinceMark() map[history.Function]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.sinceMark)
}

// ExpectWrite makes FirstWrite speak of the writes that are called after t,
// which is now or a moment ago: what has ended before this call is not counted.
func (r *Recorder) ExpectWrite(t int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected, r.firstWrite = t, 0
}

// FirstWrite is when the first of the expected writes that succeeded returned;
// 0 while none has.
func (r *Recorder) FirstWrite() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.firstWrite
}

// Err is the first error of writing the file: the history after it is
// incomplete.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close syncs and closes the file, and returns the first error of all. Events
// recorded later are lost, so the clients have to be drained first.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(r.file.Sync())
	r.keep(r.file.Close())
	return r.err
}

func (r *Recorder) process() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.processes
	r.processes++
	return p
}

// append stamps and writes e. Stamping under the lock keeps the file's order
// the order of time.
func (r *Recorder) append(e history.Event) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Time = r.clock.Now()
	r.keep(r.out.Append(e))
	return e.Time
}

// ended counts an operation that was called at call and ended as e.
func (r *Recorder) ended(call int64, e history.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case history.Ok:
		r.counts.Ok++
		if r.sinceMark != nil && call >= r.mark {
			r.sinceMark[e.F]++
		}
	case history.Fail:
		r.counts.Failed++
	default:
		r.counts.Unknown++
	}
	if !wrote(e) {
		return
	}
	r.counts.Writes++
	if call > r.expected && (r.firstWrite == 0 || e.Time < r.firstWrite) {
		r.firstWrite = e.Time
	}
}

func (r *Recorder) keep(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("write history: %w", err)
	}
}

// wrote tells whether e is the success of an operation that changed something
// in the replicated log. A lost swap went through the log too, but it proves
// nothing that the checker could miss, so it is left out.
func wrote(e history.Event) bool {
	return e.Kind == history.Ok && (e.F == history.Put || e.F == history.Delete || e.Swapped)
}
