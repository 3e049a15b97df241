package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"raftkv/raft"
)

// writeBuffer spares a system call for each small piece of state.
const writeBuffer = 256 << 10

// Create writes a snapshot: write is given where the state goes. When it
// returns, the file is complete and durable under its name. After an error it is
// not to be relied on, and nothing half made has the name.
func (d *Dir) Create(meta raft.SnapshotMeta, write func(io.Writer) error) (Info, error) {
	in, err := d.temp(meta)
	if err != nil {
		return Info{}, fmt.Errorf("create snapshot %d: %w", meta.Index, err)
	}
	defer in.discard()
	if err := Write(in.f, d.cluster, meta, write); err != nil {
		return Info{}, fmt.Errorf("create snapshot %d: %w", meta.Index, err)
	}
	info, err := in.publish()
	if err != nil {
		return Info{}, fmt.Errorf("create snapshot %d: %w", meta.Index, err)
	}
	return info, nil
}

// Write gives the bytes of a snapshot's file to w, which need not be a file: a
// backup goes straight over the network. Nothing is synced.
func Write(w io.Writer, cluster string, meta raft.SnapshotMeta, write func(io.Writer) error) error {
	head, err := newHeader(cluster, meta).encode()
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(w, writeBuffer)
	sum := &summer{w: buf}
	if _, err := sum.Write(head); err != nil {
		return err
	}
	if err := compress(sum, write); err != nil {
		return err
	}
	if err := sum.writeTrailer(); err != nil {
		return err
	}
	return buf.Flush()
}

// compress uses one thread: the others belong to the clients' requests.
func compress(w io.Writer, write func(io.Writer) error) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(z, writeBuffer)
	if err := write(buf); err != nil {
		return errors.Join(err, z.Close())
	}
	if err := buf.Flush(); err != nil {
		return errors.Join(err, z.Close())
	}
	return z.Close()
}
