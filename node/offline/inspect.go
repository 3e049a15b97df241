package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"raftkv/node/kv"
	"raftkv/node/snapshot"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

// ErrNoFolder reports a path that is no node's data folder.
var ErrNoFolder = errors.New("neither log.db nor snapshots are there; check --data-dir")

// Snapshot is what a snapshot's file holds. Damage names what is wrong with it,
// and then the rest is only what the file claims. Times and counts are those of
// the state at Index.
type Snapshot struct {
	Path           string   `json:"path"`
	Bytes          int64    `json:"bytes"`
	Cluster        string   `json:"cluster"`
	Index          uint64   `json:"index"`
	Term           uint64   `json:"term"`
	Voters         []uint64 `json:"voters"`
	VotersOutgoing []uint64 `json:"voters_outgoing,omitempty"`
	Learners       []uint64 `json:"learners,omitempty"`
	Keys           int      `json:"keys"`
	Sessions       int      `json:"sessions"`
	// ClockMS is the replicated clock, by which sessions expire.
	ClockMS uint64 `json:"clock_ms"`
	Damage  string `json:"damage,omitempty"`
}

// Snapshots inspects all snapshots of a stopped node's folder, the newest
// first. It returns boltstore.ErrLocked or ErrNoFolder.
func Snapshots(dataDir string) ([]Snapshot, error) {
	release, paths, err := open(dataDir)
	if err != nil {
		return nil, err
	}
	defer release()
	all := make([]Snapshot, len(paths))
	for i, p := range paths {
		if all[i], err = InspectFile(p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open takes the folder's lock and lists its snapshots.
func open(dataDir string) (release func(), paths []string, err error) {
	release, err = boltstore.LockShared(dataDir)
	if err != nil {
		return nil, nil, err
	}
	paths, err = snapshot.Files(dataDir)
	if err == nil && len(paths) == 0 && !hasLog(dataDir) {
		err = fmt.Errorf("open %s: %w", dataDir, ErrNoFolder)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return release, paths, nil
}

func hasLog(dataDir string) bool {
	_, err := os.Stat(boltstore.Path(dataDir))
	return !errors.Is(err, fs.ErrNotExist)
}

// InspectFile inspects one snapshot's file: of a node, saved, or a backup. The
// error is that of reading it; damage is part of the result.
func InspectFile(path string) (Snapshot, error) {
	in, err := snapshot.Inspect(path)
	if err != nil {
		return Snapshot{}, err
	}
	conf := in.Meta.Conf
	s := Snapshot{
		Path: in.Path, Bytes: in.Bytes, Cluster: in.Cluster, Index: in.Meta.Index, Term: in.Meta.Term,
		Voters: membership.Nodes(conf.Voters), VotersOutgoing: membership.Nodes(conf.VotersOutgoing), Learners: membership.Nodes(conf.Learners),
	}
	if in.Damage == nil {
		in.Damage = s.count()
	}
	if in.Damage != nil {
		s.Damage = in.Damage.Error()
	}
	return s, nil
}

// count restores the state, which proves it whole.
func (s *Snapshot) count() error {
	store, err := load(s.Path)
	if err != nil {
		return err
	}
	s.Keys, s.Sessions, s.ClockMS = store.Keys(), store.Sessions(), store.ClockMS()
	if store.AppliedIndex() != s.Index {
		return fmt.Errorf("%w: its state is of index %d", snapshot.ErrCorrupt, store.AppliedIndex())
	}
	return nil
}

func load(path string) (*kv.Store, error) {
	f, err := snapshot.OpenFile(path)
	if err != nil {
		return nil, err
	}
	state, err := f.State()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	defer func() { _ = state.Close() }()
	return kv.Restore(state, kv.DefaultLimits())
}

// Verify says whether a file is a whole snapshot that Restore would take.
func Verify(path string) (Snapshot, error) {
	s, err := InspectFile(path)
	if err == nil && s.Damage != "" {
		err = fmt.Errorf("%s: %w: %s", path, snapshot.ErrCorrupt, s.Damage)
	}
	return s, err
}
