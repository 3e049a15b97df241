package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"

	"raftkv/raft"
)

// verified is an open file that was read to its end and found intact. Its meta
// is its header's; the state lies in [stateStart, stateEnd).
type verified struct {
	*os.File
	meta                 raft.SnapshotMeta
	size                 int64
	stateStart, stateEnd int64
}

func (v *verified) info() Info {
	return Info{Meta: v.meta, Path: v.Name(), Bytes: v.size}
}

// check reads all of f and says what is in it, if it is this cluster's.
func (d *Dir) check(f *os.File) (*verified, error) {
	v, cluster, err := checkAny(f)
	if err == nil && cluster != d.cluster {
		return nil, fmt.Errorf("%w (it is %q, not %q)", ErrWrongCluster, cluster, d.cluster)
	}
	return v, err
}

// checkAny reads all of f and says what is in it and whose it is. Nothing inside
// is believed before the whole is verified.
func checkAny(f *os.File) (v *verified, cluster string, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, "", err
	}
	if err := verifyTrailer(io.NewSectionReader(f, 0, info.Size()), info.Size()); err != nil {
		return nil, "", err
	}
	h, start, err := readHeader(io.NewSectionReader(f, 0, info.Size()-trailerLen))
	if err != nil {
		return nil, "", err
	}
	return &verified{
		File: f, meta: h.meta(), size: info.Size(),
		stateStart: start, stateEnd: info.Size() - trailerLen,
	}, h.Cluster, nil
}

// openVerified opens the snapshot of this index and term.
func (d *Dir) openVerified(index, term uint64) (*verified, error) {
	path := d.file(index, term)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", path, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	v, err := d.check(f)
	if err == nil && (v.meta.Index != index || v.meta.Term != term) {
		err = fmt.Errorf("%w: inside it says index %d, term %d", ErrCorrupt, v.meta.Index, v.meta.Term)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w%s", path, err, advice(err)), f.Close())
	}
	return v, nil
}

// advice tells what to do where the error does not.
func advice(err error) string {
	if !errors.Is(err, ErrCorrupt) {
		return ""
	}
	return "; it was left as it is: if other nodes have the data, empty the folder and start the node again: the cluster takes it in anew"
}

// openMeta opens the snapshot of meta, and of nothing but meta.
func (d *Dir) openMeta(meta raft.SnapshotMeta) (*verified, error) {
	v, err := d.openVerified(meta.Index, meta.Term)
	if err != nil {
		return nil, err
	}
	if !sameMeta(v.meta, meta) {
		err := fmt.Errorf("open %s: %w: it is of %+v, not %+v", v.Name(), ErrCorrupt, v.meta, meta)
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// OpenReader verifies the whole file of a snapshot and then returns its state,
// as it was written.
func (d *Dir) OpenReader(meta raft.SnapshotMeta) (io.ReadCloser, error) {
	v, err := d.openMeta(meta)
	if err != nil {
		return nil, err
	}
	r, err := v.state()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", v.Name(), err), v.Close())
	}
	return r, nil
}

// state decodes what the file holds; closing it closes the file.
func (v *verified) state() (io.ReadCloser, error) {
	packed := io.NewSectionReader(v, v.stateStart, v.stateEnd-v.stateStart)
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return &stateReader{Decoder: z, f: v}, nil
}

// stateReader closes the file together with the decoder.
type stateReader struct {
	*zstd.Decoder
	f io.Closer
}

// Close gives the file and the decoder's memory back.
func (r *stateReader) Close() error {
	r.Decoder.Close()
	return r.f.Close()
}

// OpenRaw verifies the whole file of a snapshot and then returns its bytes, as
// Incoming takes them, and their number. Retain may delete the file meanwhile;
// what is open can still be read.
func (d *Dir) OpenRaw(meta raft.SnapshotMeta) (io.ReadCloser, int64, error) {
	v, err := d.openMeta(meta)
	if err != nil {
		return nil, 0, err
	}
	return v, v.size, nil
}
