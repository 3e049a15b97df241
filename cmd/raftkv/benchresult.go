package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"raftkv/client"
)

// longestLatency is the most that a histogram tells apart.
const longestLatency = 10 * time.Minute

// benchResult is what a measurement found.
type benchResult struct {
	writes, reads *tally
	elapsed       time.Duration
}

func newBenchResult() *benchResult {
	return &benchResult{writes: newTally("writes"), reads: newTally("reads")}
}

// tally counts one kind of operation. Workers share it.
type tally struct {
	name string

	mu      sync.Mutex
	latency *hdrhistogram.Histogram // of those that were done, in microseconds
	failed  int
	unknown int // of the failed
	first   error
}

func newTally(name string) *tally {
	return &tally{name: name, latency: hdrhistogram.New(1, longestLatency.Microseconds(), 3)}
}

func (t *tally) add(d time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		_ = t.latency.RecordValue(min(max(d, time.Microsecond), longestLatency).Microseconds()) // in range
		return
	}
	t.failed++
	if errors.Is(err, client.ErrUnknown) {
		t.unknown++
	}
	if t.first == nil {
		t.first = err
	}
}

func (t *tally) empty() bool { return t.latency.TotalCount() == 0 && t.failed == 0 }

func (t *tally) rate(elapsed time.Duration) float64 {
	return float64(t.latency.TotalCount()) / elapsed.Seconds()
}

func (t *tally) percentile(p float64) time.Duration {
	return time.Duration(t.latency.ValueAtQuantile(p)) * time.Microsecond
}

func (t *tally) line(elapsed time.Duration) string {
	return fmt.Sprintf("%s=%d throughput=%.0f_ops/sec p50=%s p99=%s", t.name,
		t.latency.TotalCount(), t.rate(elapsed), t.percentile(50), t.percentile(99))
}

// tallyJSON is a tally in bench's JSON; times are in milliseconds.
type tallyJSON struct {
	Done       int64   `json:"done"`
	Throughput float64 `json:"ops_per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Failed     int     `json:"failed"`
	Unknown    int     `json:"unknown"`
}

func (t *tally) json(elapsed time.Duration) tallyJSON {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return tallyJSON{
		Done: t.latency.TotalCount(), Throughput: t.rate(elapsed),
		P50: ms(t.percentile(50)), P99: ms(t.percentile(99)), Max: ms(t.percentile(100)),
		Failed: t.failed, Unknown: t.unknown,
	}
}

// print writes a line for writes and one for reads, leaving out the kind that
// was not asked for, and one for failures if there were any.
func (r *benchResult) print(out *printer, asJSON bool) error {
	if asJSON {
		return out.result(true, map[string]any{
			"seconds": r.elapsed.Seconds(),
			"writes":  r.writes.json(r.elapsed), "reads": r.reads.json(r.elapsed),
		}, "")
	}
	for _, t := range []*tally{r.writes, r.reads} {
		if t.empty() && (t == r.reads || !r.reads.empty()) {
			continue
		}
		if err := out.result(false, nil, t.line(r.elapsed)); err != nil {
			return err
		}
	}
	if failed := r.writes.failed + r.reads.failed; failed > 0 {
		return out.result(false, nil, fmt.Sprintf("errors=%d unknown=%d", failed, r.writes.unknown))
	}
	return nil
}

// err returns the first failure, which stands for all.
func (r *benchResult) err() error {
	for _, t := range []*tally{r.writes, r.reads} {
		if t.first != nil {
			return fmt.Errorf("%d of the %s failed, the first: %w", t.failed, t.name, t.first)
		}
	}
	return nil
}
