package node

import (
	"fmt"
	"time"

	"raftkv/node/failpoint"
	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft"
)

// install replaces state and log by a received snapshot. Its file is durable
// already. The order keeps every crash recoverable: the state is restored
// aside and so proved whole; then the log is reset on disk; then the state is
// swapped; and only then does the engine go on from there.
func (l *loop) install(meta raft.SnapshotMeta) {
	start := time.Now()
	failpoint.At(failpoint.InstallReceived)
	l.saver.Go(func() {
		store, err := restore(l.snapshots.dir, meta)
		l.events.put(func(l *loop) { l.restored(meta, store, start, err) })
	})
}

func restore(dir *snapshot.Dir, meta raft.SnapshotMeta) (*kv.Store, error) {
	r, err := dir.OpenReader(meta)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %d: %w", meta.Index, err)
	}
	defer func() { _ = r.Close() }()
	store, err := kv.Restore(r, kv.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("restore snapshot %d: %w", meta.Index, err)
	}
	return store, nil
}

// restored goes on to the log, or lets the leader send another snapshot.
func (l *loop) restored(meta raft.SnapshotMeta, store *kv.Store, start time.Time, err error) {
	if err != nil {
		l.log.Error("refused a snapshot; the leader will send another", "index", meta.Index, "error", err)
		l.raft.SnapshotDone(meta.Index, false)
		return
	}
	l.disk.pending++
	l.disk.jobs.put(diskJob{reset: &meta})
	l.resetting = &installation{meta: meta, store: store, start: start}
}

// installation is a restored snapshot whose log is being reset on disk.
type installation struct {
	meta  raft.SnapshotMeta
	store *kv.Store
	start time.Time
}

// reset goes on once the log on disk starts behind the snapshot.
func (l *loop) reset(in *installation) {
	l.resetting = nil
	l.machine.swap(in.store, in.meta.Term, func() {
		l.events.put(func(l *loop) { l.installed(in) })
	})
}

func (l *loop) installed(in *installation) {
	failpoint.At(failpoint.InstallDone)
	index := in.meta.Index
	l.handed = index
	l.backlog.applied(index)
	l.snapshots.last, l.snapshots.bytes = in.meta, 0
	l.snapshots.tail, l.snapshots.tailEnd = nil, index
	l.raft.SnapshotDone(index, true)
	l.log.Info("installed a snapshot", "index", index, "term", in.meta.Term, "took", time.Since(in.start))
	l.snapshots.installed++
	l.retain()
}
