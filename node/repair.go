package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"raftkv/node/failpoint"
	"raftkv/node/snapshot"
	"raftkv/raft/boltstore"
	"raftkv/raft/membership"
)

// recoveringFile in a data folder says that entries are missing which this node
// had acknowledged. It is there before anything is set aside, and goes when the
// engine says that the node has all of them again.
const recoveringFile = "recovering"

// recoverFolder opens the folder. If its files are damaged and there are peers to
// learn from, they are moved, never deleted, and the node starts without them:
// it keeps its term and vote, and does not vote until it is sure to hold all
// that it ever acknowledged (raft.Config.Recovery says why that is enough). Only
// damage is repaired so; whatever else is wrong with the folder stays an error.
func recoverFolder(c *Config, log *slog.Logger) (*recovered, error) {
	failpoint.Arm(c.DataDir)
	r, err := openFolder(c, log)
	if err == nil || !repairable(err) || alone(c) {
		return r, err
	}
	lock, lockErr := lockForRepair(c.DataDir)
	if lockErr != nil {
		return nil, lockErr
	}
	log.Error("ALARM: damaged files; setting them aside, to be repaired from the peers", "error", err)
	into, asideErr := setAside(c, err)
	if asideErr != nil {
		return nil, fmt.Errorf("%w; it was left as it is, for it cannot be repaired: %w", err, errors.Join(asideErr, lock.Close()))
	}
	log.Warn("set the damaged files aside; this node does not vote until it has caught up", "folder", into)
	r, err = openFolder(c, log)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	r.repairing = lock
	return r, nil
}

// alone says that there is nobody to be repaired from: by the membership in the
// newest snapshot that is whole, and while there is none by the flags.
func alone(c *Config) bool {
	files, _ := snapshot.Files(c.DataDir) // none if they cannot be listed
	for _, path := range files {
		in, err := snapshot.Inspect(path)
		if err != nil || in.Damage != nil {
			continue
		}
		conf := in.Meta.Conf
		return slices.Equal(membership.Nodes(conf.Voters), []uint64{c.ID}) && len(conf.VotersOutgoing) == 0
	}
	return len(c.Peers) == 1 && !c.Join
}

func repairable(err error) bool {
	return errors.Is(err, boltstore.ErrCorrupt) || errors.Is(err, snapshot.ErrCorrupt) || errors.Is(err, ErrCondemned)
}

// lockForRepair keeps other processes from repairing the folder as long as this
// one lives: they would move away the log that it has just begun.
func lockForRepair(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, boltstore.ErrLocked), f.Close())
	}
	return f, nil
}

// setAside marks the folder and moves what is damaged out of the way. Each step
// may be the last before a crash: the mark is first, the next start finds either
// damage again or a log that it must not trust to be whole. A log cannot be
// used without the snapshot before it, so it always goes; a whole snapshot stays.
func setAside(c *Config, cause error) (into string, err error) {
	if err := writeDurably(c.DataDir, recoveringFile, cause.Error()+"\n"); err != nil {
		return "", err
	}
	into = filepath.Join(c.DataDir, "damaged-"+time.Now().UTC().Format("20060102T150405.000000000"))
	if err := errors.Join(os.Mkdir(into, 0o700), syncDir(c.DataDir)); err != nil {
		return "", err
	}
	if err := boltstore.SetAside(logOptions(c), into); err != nil {
		_ = os.Remove(into) // if nothing is in it
		return "", err
	}
	if errors.Is(cause, boltstore.ErrCorrupt) {
		return into, nil
	}
	// The state first and durably: without its mark it would pass for a good one.
	for _, name := range []string{snapshot.Folder, condemnedFile} {
		if err := os.Rename(filepath.Join(c.DataDir, name), filepath.Join(into, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err := errors.Join(syncDir(into), syncDir(c.DataDir)); err != nil {
			return "", err
		}
	}
	return into, nil
}

// recoveryID is a number that no earlier life of a marked folder's node used; 0
// for a folder that is not marked.
func recoveryID(dir string) uint64 {
	if !marked(dir, recoveringFile) {
		return 0
	}
	return 1 + rand.Uint64N(1<<63)
}

// noteRecovery takes the mark off the folder once all is there again. If that
// fails, the next start recovers once more, which harms nobody.
func (l *loop) noteRecovery() {
	if !l.recovering || l.raft.Recovering() {
		return
	}
	l.recovering = false
	l.log.Info("recovered from damage: this node holds all that it ever acknowledged, and votes again", "last", l.raft.LastIndex())
	l.saver.Go(func() {
		err := errors.Join(os.Remove(filepath.Join(l.config.DataDir, recoveringFile)), syncDir(l.config.DataDir))
		if err != nil {
			l.log.Warn("could not take the mark off the folder", "error", err)
		}
	})
}
