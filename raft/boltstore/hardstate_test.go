package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// zero overwrites a file with as many zeros.
func zero(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte{0}, len(b)), 0o600))
}

// voted is a closed folder with entries, a term and a vote.
func voted(t *testing.T) (dir string) {
	s, dir := fresh(t, 5)
	require.NoError(t, s.Append(run(1, 3, 5)))
	require.NoError(t, s.SetHardState(raft.HardState{Term: 6, Vote: 3}))
	require.NoError(t, s.Close())
	return dir
}

func TestALogThatIsSetAsideLeavesItsTermAndVote(t *testing.T) {
	for name, damage := range map[string]func(dir string){
		"the log":           func(dir string) { zero(t, filepath.Join(dir, fileName)) },
		"the log is gone":   func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, fileName))) },
		"the copy":          func(dir string) { zero(t, filepath.Join(dir, copyName)) },
		"there is no copy":  func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, copyName))) },
		"nothing is broken": func(string) {},
	} {
		t.Run(name, func(t *testing.T) {
			dir, into := voted(t), t.TempDir()
			damage(dir)
			require.NoError(t, SetAside(options(dir), into))
			require.NoError(t, SetAside(options(dir), into), "a crash may make it come twice")
			_, r := reopen(t, dir, raft.SnapshotMeta{})
			assert.Equal(t, raft.HardState{Term: 6, Vote: 3}, r.HardState)
			assert.Empty(t, r.Entries)
			assert.FileExists(t, filepath.Join(into, fileName))
		})
	}
}

func TestALogWithoutAnyTermIsNotSetAside(t *testing.T) {
	for name, damage := range map[string]func(dir string){
		"both damaged": func(dir string) { zero(t, filepath.Join(dir, fileName)); zero(t, filepath.Join(dir, copyName)) },
		"taken away and begun anew": func(dir string) {
			require.NoError(t, errors.Join(os.Remove(filepath.Join(dir, fileName)), os.Remove(filepath.Join(dir, copyName))))
			s, err := Open(options(dir))
			require.NoError(t, err)
			require.NoError(t, s.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, into := voted(t), t.TempDir()
			damage(dir)
			require.ErrorIs(t, SetAside(options(dir), into), ErrCorrupt)
			assert.FileExists(t, filepath.Join(dir, fileName))
			assert.NoFileExists(t, filepath.Join(into, fileName))
		})
	}
}

// A folder is another one only when it was emptied.
func TestTheRecordSurvivesALogThatIsSetAside(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	o := options(dir)
	o.Incarnation = 7
	s, err := Open(o)
	require.NoError(t, err)
	_, err = s.Recover(raft.SnapshotMeta{})
	require.NoError(t, err)
	record := membership.Record{Incarnation: 7, Phase: membership.Member, Cluster: 9, Founders: []uint64{membership.ID(1, 7)}}
	require.NoError(t, errors.Join(s.SetRecord(record), s.Close()))
	zero(t, filepath.Join(dir, fileName))
	o.Incarnation = 8
	require.NoError(t, SetAside(o, t.TempDir()))
	s, _ = reopen(t, dir, raft.SnapshotMeta{})
	assert.Equal(t, record, s.Record())
}

func TestALogOfAnotherNodeIsNotSetAside(t *testing.T) {
	dir := voted(t)
	zero(t, filepath.Join(dir, fileName))
	o := options(dir)
	o.NodeID = 2
	require.ErrorIs(t, SetAside(o, t.TempDir()), ErrWrongNode)
	assert.FileExists(t, filepath.Join(dir, fileName))
}

func TestALogThatIsGoneIsDamageAndNotAbsence(t *testing.T) {
	dir := voted(t)
	require.NoError(t, os.Remove(filepath.Join(dir, fileName)))
	_, err := Open(options(dir))
	require.ErrorIs(t, err, ErrCorrupt)
	assert.NoFileExists(t, filepath.Join(dir, fileName))
}

// A crash between the two writes: neither was acknowledged, the later one counts.
func TestTheLaterOfTheTwoHardStatesCounts(t *testing.T) {
	dir := voted(t)
	require.NoError(t, writeCopy(options(dir), promise{hs: raft.HardState{Term: 7, Vote: 2}}))
	s, r := reopen(t, dir, raft.SnapshotMeta{})
	assert.Equal(t, raft.HardState{Term: 7, Vote: 2}, r.HardState)
	require.NoError(t, s.Close())
	zero(t, filepath.Join(dir, copyName))
	s, r = reopen(t, dir, raft.SnapshotMeta{})
	assert.Equal(t, raft.HardState{Term: 7, Vote: 2}, r.HardState, "in both by now")
	second, err := readCopy(options(dir))
	require.NoError(t, err)
	assert.Equal(t, r.HardState, second.hs, "and mended")
	require.NoError(t, s.Close())
}

// The copy is durable before the first: it is never behind what was promised.
func TestTheCopyIsNeverBehind(t *testing.T) {
	s, dir := fresh(t, 1)
	s.db = failingSet{s.db}
	require.ErrorIs(t, s.SetHardState(raft.HardState{Term: 9, Vote: 1}), ErrFailed)
	second, err := readCopy(options(dir))
	require.NoError(t, err)
	assert.Equal(t, raft.HardState{Term: 9, Vote: 1}, second.hs)
}

type failingSet struct{ logDB }

func (failingSet) Set([]byte, []byte) error { return errors.New("the disk is gone") }
