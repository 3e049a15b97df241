package check

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

// What a million operations of put and get may take: issue 4, "Done when" 6.
const (
	millionTime   = 10 * time.Second
	millionMemory = 2 << 30
)

// crowd is a long linearizable history of puts and gets by many clients on a few
// keys, told to sink in the order of a recorder's file. One write in a hundred
// is of unknown outcome. Of reads, the share stale finds what was there before.
type crowd struct {
	*rand.Rand
	now         int64
	state, past []history.Value
	stale       float64
	lives       []int // the process that each client is by now
	next        int
	sink        func(history.Event)
}

// member is a client's operation underway.
type member struct {
	invoke  history.Event
	applied bool
	saw     history.Value
	open    bool
}

func newCrowd(clients, keys int, stale float64, sink func(history.Event)) *crowd {
	c := &crowd{
		Rand: rand.New(rand.NewPCG(7, 7)), state: make([]history.Value, keys), past: make([]history.Value, keys),
		stale: stale, lives: make([]int, clients), next: clients, sink: sink,
	}
	for i := range c.lives {
		c.lives[i] = i
	}
	return c
}

func (c *crowd) run(n int) {
	members := make([]member, len(c.lives))
	for started, left := 0, 0; started < n || left > 0; {
		i := c.IntN(len(members))
		m := &members[i]
		switch {
		case !m.open && started < n:
			c.invoke(m, i)
			started++
			left++
		case m.open && !m.applied:
			c.apply(m)
		case m.open:
			c.end(m, i)
			left--
		}
	}
}

func (c *crowd) emit(e history.Event) {
	c.now += 1 + c.Int64N(10_000)
	e.Time = c.now
	c.sink(e)
}

func (c *crowd) invoke(m *member, client int) {
	e := history.Event{Process: c.lives[client], Kind: history.Invoke, F: history.Get, Key: fmt.Sprintf("k%d", c.IntN(len(c.state)))}
	if c.IntN(2) == 0 {
		e.F, e.Value = history.Put, history.Some(fmt.Sprintf("%d.%d", e.Process, c.now))
	}
	*m = member{invoke: e, open: true}
	c.emit(e)
}

func (c *crowd) apply(m *member) {
	k := m.invoke.Key[1] - '0'
	m.applied, m.saw = true, c.state[k]
	switch {
	case m.invoke.F == history.Put:
		c.past[k], c.state[k] = c.state[k], m.invoke.Value
	case c.Float64() < c.stale:
		m.saw = c.past[k]
	}
}

func (c *crowd) end(m *member, client int) {
	e := m.invoke
	e.Kind, e.Value = history.Ok, m.saw
	if e.F == history.Put {
		e.Value = history.Value{}
		if c.IntN(100) == 0 {
			e.Kind = history.Info
			c.lives[client] = c.next
			c.next++
		}
	}
	m.open = false
	c.emit(e)
}

// crowdedFile writes such a history as JSON lines.
func crowdedFile(t testing.TB, n int, stale float64) string {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	f, err := os.Create(path)
	require.NoError(t, err)
	buffered := bufio.NewWriter(f)
	w := history.NewWriter(buffered)
	newCrowd(100, 4, stale, func(e history.Event) { require.NoError(t, w.Append(e)) }).run(n)
	require.NoError(t, buffered.Flush())
	require.NoError(t, f.Close())
	return path
}

// judged reads, pairs and judges a file, as chaos check does, and tells the time
// for reading and for judging.
func judged(t testing.TB, path string) (v Verdict, reading, judging time.Duration) {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	began := time.Now()
	ops, err := history.ReadOperations(f, "")
	require.NoError(t, err)
	read := time.Now()
	v = Judge(ops, Options{})
	return v, read.Sub(began), time.Since(read)
}

// BenchmarkAMillionOperations judges a million puts and gets by 100 clients on
// four keys, and fails beyond the bound. peak-MB is all the memory that the
// process has had of the system.
func BenchmarkAMillionOperations(b *testing.B) {
	for name, stale := range map[string]float64{"good": 0, "bad": 0.001} {
		b.Run(name, func(b *testing.B) {
			path := crowdedFile(b, 1_000_000, stale)
			for b.Loop() {
				v, reading, judging := judged(b, path)
				require.Equal(b, stale > 0, v.Result == Violated, v.text())
				require.NotEqual(b, Inconclusive, v.Result, v.text())
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(reading.Seconds(), "read-s")
				b.ReportMetric(judging.Seconds(), "judge-s")
				b.ReportMetric(float64(m.Sys>>20), "peak-MB")
				require.Less(b, reading+judging, millionTime)
				require.Less(b, m.Sys, uint64(millionMemory))
			}
		})
	}
}

// A part of it in all of its time, on the processor's clock, which does not see
// that others run too. It is checked under the race detector; that nothing is
// quadratic shows in the million of the benchmark: make million.
func TestALongHistoryIsJudgedInTime(t *testing.T) {
	good, stale := crowdedFile(t, 30_000, 0), crowdedFile(t, 10_000, 0.01)
	began := processorTime(t)
	v, _, _ := judged(t, good)
	require.Equal(t, Pass, v.Result, v.text())
	v, _, _ = judged(t, stale)
	require.Less(t, processorTime(t)-began, millionTime)
	require.Positive(t, v.Counts[StaleRead], v.text())
	for _, x := range v.Violations {
		require.LessOrEqual(t, len(x.Witness), 6, x.Words)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
