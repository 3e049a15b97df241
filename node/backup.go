package node

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft"
)

const (
	// backupChunk bytes go in one message.
	backupChunk = 256 << 10
	// backupStall ends a backup whose reader takes nothing: the view that it
	// keeps makes the store copy what changes.
	backupStall = 30 * time.Second
)

// backups is the client port's Backup service; gRPC's goroutines call it.
type backups struct {
	apiv1.UnimplementedBackupServer
	node *Node
	// busy: one at a time, so that one view at most is held for readers outside.
	busy  atomic.Bool
	stall time.Duration
}

// Backup streams the state of one moment, as a linearizable read sees it.
func (b *backups) Backup(q *apiv1.BackupRequest, stream grpc.ServerStreamingServer[apiv1.BackupChunk]) error {
	if !b.busy.CompareAndSwap(false, true) {
		return api.ToStatus(&apiv1.Error{Reason: apiv1.Reason_REASON_NOT_NOW, Message: "this node is giving a backup already; ask another"})
	}
	f, err := b.node.freeze(stream.Context(), time.Duration(q.GetWaitMs())*time.Millisecond)
	if err != nil {
		b.busy.Store(false)
		return err
	}
	watchdog := time.NewTimer(b.stall)
	defer watchdog.Stop()
	done := make(chan error, 1)
	go func() { // Send has no deadline: what ends it is that the handler returns
		defer b.busy.Store(false)
		w := chunkWriter{stream: stream, alive: func() { watchdog.Reset(b.stall) }}
		done <- snapshot.Write(w, b.node.config.Cluster, f.meta, f.view.Save)
	}()
	select {
	case err = <-done:
		return err
	case <-watchdog.C:
		return status.Error(codes.Aborted, "the backup was not read")
	case <-b.node.stopped:
		return status.Error(codes.Unavailable, "the node is shutting down")
	}
}

// frozen is the state of one moment.
type frozen struct {
	view *kv.Snapshot
	meta raft.SnapshotMeta
}

// freeze gives a copy-on-write view of the state after a quorum has confirmed
// what it must hold, within the wait if there is one, and the node's bound. The
// members named are those of just before.
func (n *Node) freeze(ctx context.Context, wait time.Duration) (frozen, error) {
	var deadline time.Time
	if wait > 0 {
		deadline = time.Now().Add(wait)
	}
	conf := make(chan raft.ConfState, 1)
	n.loop.events.put(func(l *loop) { conf <- l.raft.Status().Conf })
	var meta raft.SnapshotMeta
	select {
	case meta.Conf = <-conf:
	case <-n.stopped:
		return frozen{}, status.Error(codes.Unavailable, ErrBusy.Error())
	case <-ctx.Done():
		return frozen{}, ctx.Err()
	}
	got := make(chan frozen, 1)
	err := n.gate.view(ctx, deadline, func(s *kv.Store, term uint64) {
		view := s.Snapshot()
		meta.Index, meta.Term = view.AppliedIndex(), term
		got <- frozen{view, meta}
	})
	if err != nil {
		return frozen{}, err
	}
	return <-got, nil
}

// chunkWriter sends what is written to it.
type chunkWriter struct {
	stream grpc.ServerStreamingServer[apiv1.BackupChunk]
	alive  func()
}

// Write sends p in chunks.
func (w chunkWriter) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		part := p[sent:min(sent+backupChunk, len(p))]
		// A copy: gRPC may hold on to what it was given.
		if err := w.stream.Send(&apiv1.BackupChunk{Data: bytes.Clone(part)}); err != nil {
			return sent, err
		}
		w.alive()
		sent += len(part)
	}
	return len(p), nil
}
