package node

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"

	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

// Bounds of replication that nobody has needed to tune.
const (
	maxMessageBytes  = 256 << 10
	maxInflightMsgs  = 256
	maxInflightBytes = 16 << 20
)

// recovered is what a data folder gave back.
type recovered struct {
	log       *boltstore.Store
	snapshots *snapshot.Dir
	last      raft.SnapshotMeta
	store     *kv.Store
	engine    *raft.Node
	// repairing keeps every other repair off the folder; nil after a normal start.
	repairing *os.File
}

// openFolder opens the data folder and brings the engine and the state machine
// to where the disk says they were. The log comes first: it holds the lock on
// the folder. Nothing is changed when it fails.
func openFolder(c *Config, log *slog.Logger) (_ *recovered, err error) {
	var r recovered
	r.log, err = boltstore.Open(logOptions(c))
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	defer func() {
		if err != nil {
			_ = r.log.Close()
		}
	}()
	if err := refuseCondemned(c.DataDir); err != nil {
		return nil, err
	}
	if err := r.openSnapshot(c); err != nil {
		return nil, err
	}
	record := r.log.Record()
	switch {
	case record.Phase != membership.Member:
		r.last.Conf = raft.ConfState{} // none before its cluster is founded
	case r.last.Index == 0:
		r.last.Conf = raft.ConfState{Voters: record.Founders}
	}
	disk, err := r.log.Recover(r.last)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	f := engineConfig(c, membership.ID(c.ID, record.Incarnation), disk, r.last)
	f.Recovery = recoveryID(c.DataDir)
	if err := leases(c, &f); err != nil {
		return nil, fmt.Errorf("prepare lease reads: %w", err)
	}
	r.engine, err = raft.New(f)
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	log.Info("recovered", "term", disk.HardState.Term, "snapshot", r.last.Index, "first", disk.First, "last", disk.Last, "keys", r.store.Keys())
	return &r, nil
}

func logOptions(c *Config) boltstore.Options {
	return boltstore.Options{Dir: c.DataDir, ClusterID: c.Cluster, NodeID: c.ID, Incarnation: 1 + rand.Uint64N(membership.MaxIncarnation), NoSync: acknowledgesBeforeSync}
}

// openSnapshot restores the newest snapshot, or starts from nothing.
func (r *recovered) openSnapshot(c *Config) error {
	dir, err := snapshot.Open(c.DataDir, c.Cluster)
	if err != nil {
		return fmt.Errorf("open the snapshots: %w", err)
	}
	r.snapshots = dir
	info, found, err := dir.Latest()
	if err != nil {
		return fmt.Errorf("open the snapshots: %w", err)
	}
	if !found {
		r.store = kv.New(kv.DefaultLimits())
		return nil
	}
	r.last = info.Meta
	r.store, err = restore(dir, info.Meta)
	return err
}

func engineConfig(c *Config, id uint64, disk boltstore.Recovered, snap raft.SnapshotMeta) raft.Config {
	return raft.Config{
		ID:                  id,
		ElectionTicks:       c.electionTicks(),
		HeartbeatTicks:      c.heartbeatTicks(),
		Rand:                rand.IntN,
		MaxMsgBytes:         maxMessageBytes,
		MaxInflightMsgs:     maxInflightMsgs,
		MaxInflightBytes:    maxInflightBytes,
		MaxUncommittedBytes: c.MaxUncommittedBytes,
		HardState:           disk.HardState,
		Snapshot:            snap,
		Entries:             disk.After(snap.Index),
		Applied:             snap.Index,
	}
}
