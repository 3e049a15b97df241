package offline

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"

	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

var (
	// ErrNotEmpty reports a folder that holds something already.
	ErrNotEmpty = errors.New("the data folder is not empty; name a new one")
	// ErrSameCluster: the new cluster would bear the name of the old one.
	ErrSameCluster = errors.New("a restored cluster needs a name of its own, or nodes of the old one could join in")
	// ErrMembers reports members that no cluster can have.
	ErrMembers = errors.New("bad members")
)

// NewNode is one member of the cluster that is made of a snapshot.
type NewNode struct {
	DataDir string
	// Cluster is the new cluster's name.
	Cluster string
	// ID is this member's; Members are all of them, this one too.
	ID      uint64
	Members []uint64
}

func (n NewNode) validate() error {
	ids := slices.Sorted(slices.Values(n.Members))
	switch {
	case n.Cluster == "":
		return fmt.Errorf("%w: the cluster needs a name", ErrMembers)
	case slices.Contains(ids, 0) || len(slices.Compact(slices.Clone(ids))) != len(ids):
		return fmt.Errorf("%w: ids are from 1 and each appears once", ErrMembers)
	case !slices.Contains(ids, n.ID):
		return fmt.Errorf("%w: node %d is not among them", ErrMembers, n.ID)
	}
	return nil
}

// Restore builds the data folder of one member of a new cluster from a
// snapshot's file. Every member has to be restored, from the same file and for the
// same members: their cluster is founded when all of them say that they were
// (membership.Record.Origin), and until then none of them serves. It returns ErrMembers, ErrSameCluster, ErrNotEmpty,
// snapshot.ErrCorrupt or snapshot.ErrNewerFormat.
//
// Until it has returned nil, raftkv serve refuses the folder: an empty log.db
// counts as damaged, and so does a snapshot beside a log that knows of no term.
func Restore(file string, n NewNode) (Snapshot, error) {
	if err := n.validate(); err != nil {
		return Snapshot{}, err
	}
	s, err := Verify(file)
	if err != nil {
		return Snapshot{}, err
	}
	if s.Cluster == n.Cluster {
		return Snapshot{}, fmt.Errorf("restore cluster %q: %w", n.Cluster, ErrSameCluster)
	}
	if err := claim(n.DataDir); err != nil {
		return Snapshot{}, err
	}
	if s.Path, err = n.importSnapshot(file); err != nil {
		return Snapshot{}, fmt.Errorf("restore to %s: %w; remove the folder before another try", n.DataDir, err)
	}
	if err := n.createLog(file, s.Term); err != nil {
		return Snapshot{}, fmt.Errorf("restore to %s: %w; remove the folder before another try", n.DataDir, err)
	}
	s.Cluster, s.Voters, s.VotersOutgoing, s.Learners = n.Cluster, n.conf().Voters, nil, nil
	return s, nil
}

// claim makes the folder and marks it as unfinished.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("restore to %s: %w", dir, ErrNotEmpty)
	}
	f, err := os.OpenFile(boltstore.Path(dir), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) { // another restore was quicker
		return fmt.Errorf("restore to %s: %w", dir, ErrNotEmpty)
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close(), syncDir(dir))
}

func (n NewNode) conf() raft.ConfState {
	return raft.ConfState{Voters: slices.Sorted(slices.Values(n.Members))}
}

// importSnapshot brings the state in under the new name and members.
func (n NewNode) importSnapshot(file string) (path string, err error) {
	f, err := snapshot.OpenFile(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read from
	dir, err := snapshot.Open(n.DataDir, n.Cluster)
	if err != nil {
		return "", err
	}
	info, err := dir.Import(f, n.conf())
	return info.Path, err
}

// origin is the same for all members that are restored from this file.
func (n NewNode) origin(file string) (uint64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read from
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return 0, err
	}
	return membership.Origin(n.Cluster, sum.Sum(nil), n.Members), nil
}

// createLog makes an empty log that continues the snapshot, in the snapshot's
// term: nobody of this name has led or voted in it, and the next is higher.
func (n NewNode) createLog(file string, term uint64) error {
	origin, err := n.origin(file)
	if err != nil {
		return err
	}
	if err := os.Remove(boltstore.Path(n.DataDir)); err != nil {
		return err
	}
	log, err := boltstore.Open(boltstore.Options{
		Dir: n.DataDir, ClusterID: n.Cluster, NodeID: n.ID, Incarnation: 1 + rand.Uint64N(membership.MaxIncarnation), Origin: origin,
	})
	if err != nil {
		return err
	}
	_, err = log.Recover(raft.SnapshotMeta{})
	if err == nil {
		err = log.SetHardState(raft.HardState{Term: term})
	}
	return errors.Join(err, log.Close())
}
