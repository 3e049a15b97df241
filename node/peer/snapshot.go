package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"raftkv/node/peer/peerpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

const (
	chunkBytes = 256 << 10
	// chunkTimeout ends a snapshot that makes no progress.
	chunkTimeout = 10 * time.Second
	// storeTimeout is for the receiver to verify and sync the whole of it.
	storeTimeout = 2 * time.Minute
	// snapshotRetry is the least time between two tries: each reads the file.
	snapshotRetry = time.Second
)

// sendSnapshot streams a snapshot beside the messages, one at a time a peer.
// Soon after a failed one it fails at once; the engine asks again.
func (t *Transport) sendSnapshot(s *sender, m raft.Message) {
	if !s.sending.CompareAndSwap(false, true) {
		return // the engine hears of the one under way
	}
	if time.Now().UnixNano() < s.retryAt.Load() {
		s.sending.Store(false)
		t.config.SnapshotSent(s.to, false)
		return
	}
	t.wg.Go(func() {
		start := time.Now()
		err := t.streamSnapshot(s, m)
		if err != nil {
			s.retryAt.Store(time.Now().Add(snapshotRetry).UnixNano())
		}
		s.sending.Store(false)
		log := t.config.Logger.With("peer", membership.Node(s.to), "index", m.Snapshot.Index, "took", time.Since(start))
		if errors.Is(err, ErrCorrupt) {
			t.config.Corrupt(s.to, err)
		}
		s.suspect(err)
		if err != nil {
			log.Warn("could not send a snapshot", "error", err)
		} else {
			log.Info("sent a snapshot")
		}
		t.config.SnapshotSent(s.to, err == nil)
	})
}

func (t *Transport) streamSnapshot(s *sender, m raft.Message) error {
	r, err := t.config.OpenSnapshot(m)
	if err != nil {
		return fmt.Errorf("open snapshot %d: %w", m.Snapshot.Index, err)
	}
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithCancel(s.introduce(t.ctx))
	defer cancel()
	watchdog := time.AfterFunc(chunkTimeout, cancel)
	defer watchdog.Stop()
	client := peerpb.NewPeerClient(s.conn.Load())
	first, err := resumeAt(ctx, client, &m, r)
	if err != nil {
		return err
	}
	stream, err := client.Snapshot(ctx)
	if err != nil {
		return err
	}
	alive := func() { watchdog.Reset(chunkTimeout) }
	if err := sendChunks(stream, first, t.paced(ctx, r, alive), alive); err != nil {
		return err
	}
	watchdog.Reset(storeTimeout)
	_, err = stream.CloseAndRecv()
	return err
}

// sendChunks announces the snapshot in the first chunk and sends its bytes in
// it and all that follow; alive is called for each.
func sendChunks(stream grpc.ClientStreamingClient[peerpb.SnapshotChunk, peerpb.SnapshotReceived], chunk *peerpb.SnapshotChunk, r io.Reader, alive func()) error {
	for {
		buf := make([]byte, chunkBytes) // gRPC may hold on to what it was given
		n, err := io.ReadFull(r, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return fmt.Errorf("read the snapshot: %w", err)
		}
		chunk.Data = buf[:n]
		chunk.Sum = proto.Uint32(chunkSum(chunk.Offset, chunk.Data))
		if sendErr := stream.Send(chunk); errors.Is(sendErr, io.EOF) {
			return nil // the receiver ended it: CloseAndRecv tells why
		} else if sendErr != nil {
			return sendErr
		}
		alive()
		if last {
			return nil
		}
		chunk = &peerpb.SnapshotChunk{}
	}
}
