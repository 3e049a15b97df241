package node

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"raftkv/node/events"
	"raftkv/node/failpoint"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// logStore is the log on disk as the disk goroutine uses it. boltstore.Store is
// the one there is; a test puts a failing one in its place.
type logStore interface {
	SetRecord(membership.Record) error
	SetHardState(raft.HardState) error
	Append([]raft.Entry) error
	Reset(raft.SnapshotMeta) error
	CompactChunk(to uint64) (done bool, err error)
	Last() uint64
}

// diskJob is the persistent part of one Ready, and what may go out after it.
type diskJob struct {
	// record comes before everything else, and alone.
	record    *membership.Record
	hardState *raft.HardState
	// reset empties the log after an installed snapshot; before entries.
	reset   *raft.SnapshotMeta
	entries []raft.Entry
	durable raft.Durable
	after   []raft.Message
}

func (j diskJob) empty() bool { return j.hardState == nil && j.reset == nil && len(j.entries) == 0 }

// disk owns the log on disk. Its goroutine takes whatever jobs came while the
// last write was under way and makes them one write: the group commit.
type disk struct {
	store logStore
	jobs  *inbox[diskJob]
	// compactTo is the first entry to keep; lower ones go, a chunk at a time
	// between two commits.
	compactTo atomic.Uint64
	// done is told of every finished take, in order. Called from the disk's
	// goroutine.
	done    func(jobs []diskJob, took time.Duration, err error)
	metrics *metrics
	events  *events.Stream
}

func newDisk(store logStore, m *metrics, done func([]diskJob, time.Duration, error)) *disk {
	return &disk{store: store, jobs: newInbox[diskJob](make(chan struct{}, 1)), done: done, metrics: m}
}

// compact lets the entries below first go. It may be called from any goroutine.
func (d *disk) compact(first uint64) {
	d.compactTo.Store(first)
	d.jobs.signal()
}

// run writes until ctx ends, then once more what is still queued, or until the
// first failure: a failed fsync is never retried, for the kernel may have
// dropped the very pages it could not write.
func (d *disk) run(ctx context.Context) {
	for {
		select {
		case <-d.jobs.wake:
		case <-ctx.Done():
			_ = d.writeQueued()
			return
		}
		if err := d.serve(); err != nil {
			return
		}
	}
}

// serve writes what is queued, and compacts as long as that has the disk alone.
func (d *disk) serve() error {
	for {
		if err := d.writeQueued(); err != nil {
			return err
		}
		more, err := d.compactChunk()
		if err != nil {
			d.done(nil, 0, err)
			return err
		}
		if !more {
			return nil
		}
	}
}

func (d *disk) writeQueued() error {
	jobs := append([]diskJob(nil), d.jobs.take()...)
	if len(jobs) == 0 {
		return nil
	}
	start := time.Now()
	err := d.write(merge(jobs))
	d.done(jobs, time.Since(start), err)
	return err
}

// merge makes one job of several: the last hard state, and the entries that
// are left when each job replaces what it overlaps. Terms only grow, so that a
// later hard state may go to disk ahead of an earlier job's entries.
func merge(jobs []diskJob) diskJob {
	var m diskJob
	for _, j := range jobs {
		if j.record != nil {
			m.record = j.record
		}
		if j.hardState != nil {
			m.hardState = j.hardState
		}
		if j.reset != nil {
			m.reset, m.entries = j.reset, nil
		}
		m.entries = splice(m.entries, j.entries)
	}
	return m
}

// splice appends next to es after cutting what it replaces.
func splice(es, next []raft.Entry) []raft.Entry {
	if len(es) == 0 || len(next) == 0 {
		return append(es, next...)
	}
	if next[0].Index <= es[0].Index {
		return append([]raft.Entry(nil), next...)
	}
	keep := min(uint64(len(es)), next[0].Index-es[0].Index)
	return append(es[:keep:keep], next...)
}

// write keeps the order that recovery relies on: the term before any entry of
// that term; a truncation (inside Append) before the entries that follow it.
func (d *disk) write(j diskJob) error {
	if err := failpoint.Disk(); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	if j.record != nil {
		if err := d.store.SetRecord(*j.record); err != nil {
			return fmt.Errorf("write the membership: %w", err)
		}
	}
	if j.hardState != nil {
		failpoint.At(failpoint.HardStateBefore)
		if err := d.store.SetHardState(*j.hardState); err != nil {
			return fmt.Errorf("write term and vote: %w", err)
		}
		d.events.Hard(*j.hardState)
		failpoint.At(failpoint.HardStateAfter)
	}
	if j.reset != nil {
		failpoint.At(failpoint.InstallResetBefore)
		if err := d.store.Reset(*j.reset); err != nil {
			return fmt.Errorf("reset the log to snapshot %d: %w", j.reset.Index, err)
		}
		failpoint.At(failpoint.InstallResetAfter)
	}
	if len(j.entries) == 0 {
		d.durable(j)
		return nil
	}
	start := time.Now()
	failpoint.At(failpoint.AppendBefore)
	if err := d.store.Append(j.entries); err != nil {
		return fmt.Errorf("append to the log: %w", memoryFault(err))
	}
	d.durable(j)
	failpoint.At(failpoint.AppendAfter)
	d.metrics.fsync.Observe(time.Since(start).Seconds())
	return nil
}

// compactChunk drops one chunk and says whether more can go now. A snapshot may
// be ahead of this disk, as what a quorum holds is applied before the own write
// is done: what has not been written yet is dropped after it was.
func (d *disk) compactChunk() (more bool, err error) {
	want := d.compactTo.Load()
	if want == 0 {
		return false, nil
	}
	if err := failpoint.Disk(); err != nil {
		return false, fmt.Errorf("compact the log: %w", err)
	}
	to := min(want, d.store.Last()+1)
	failpoint.At(failpoint.CompactBefore)
	done, err := d.store.CompactChunk(to)
	if err != nil {
		return false, fmt.Errorf("compact the log: %w", err)
	}
	failpoint.At(failpoint.CompactAfter)
	if done && to == want {
		d.compactTo.CompareAndSwap(want, 0)
	}
	return !done, nil
}
