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
	asked     map[string]int
	// expected, firstWrite and firstRead: see Expect.
	expected, firstWrite, firstRead int64
	err                             error
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
func (r *Recorder) Mark() (now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark = r.clock.Now()
	r.sinceMark = map[history.Function]int{}
	r.asked = map[string]int{}
	return r.mark
}

// Asked is how many reads, stale ones left out, were called since the last Mark
// by clients pinned on a node.
func (r *Recorder) Asked(node string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[node]
}

// SinceMark is how many operations that were called since the last Mark have
// succeeded, by function; stale reads are left out, as floors leave them out.
func (r *Recorder) SinceMark() map[history.Function]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.sinceMark)
}

// Expect makes FirstWrite and FirstRead speak of what is called after t, which
// is now or a moment ago: what has ended before this call is not counted.
func (r *Recorder) Expect(t int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected, r.firstWrite, r.firstRead = t, 0, 0
}

// FirstWrite is when the first of the expected writes that succeeded returned;
// 0 while none has.
func (r *Recorder) FirstWrite() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.firstWrite
}

// FirstRead is the same of the reads that were not stale ones.
func (r *Recorder) FirstRead() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.firstRead
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
	if e.Kind == history.Invoke && e.F == history.Get && !e.Stale && r.asked != nil {
		r.asked[e.Node]++
	}
	return e.Time
}

// ended counts an operation that was called at call and ended as e.
func (r *Recorder) ended(call int64, e history.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case history.Ok:
		r.counts.Ok++
		if r.sinceMark != nil && call >= r.mark && !e.Stale {
			r.sinceMark[e.F]++
		}
	case history.Fail:
		r.counts.Failed++
	default:
		r.counts.Unknown++
	}
	late := call > r.expected
	switch {
	case wrote(e):
		r.counts.Writes++
		earliest(&r.firstWrite, e.Time, late)
	case looked(e):
		earliest(&r.firstRead, e.Time, late)
	}
}

// earliest keeps the earlier of two instants, of which 0 is none.
func earliest(first *int64, t int64, counts bool) {
	if counts && (*first == 0 || t < *first) {
		*first = t
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

// looked tells whether e is the success of a read of the latest state.
func looked(e history.Event) bool {
	return e.Kind == history.Ok && e.F == history.Get && !e.Stale
}
