package node

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/node/offline"
	"raftkv/node/snapshot"
	"raftkv/raft/boltstore"
)

// snapshotted is a stopped node's folder with snapshots and a log behind them.
func snapshotted(t *testing.T) Config {
	_, f := filled(t, func(f *Config) { f.SnapshotEntries, f.TrailingEntries = 3, 1 })
	return f
}

func TestInspectingAFolderTellsAllAndChangesNothing(t *testing.T) {
	f := snapshotted(t)
	before := fingerprint(t, f.DataDir)
	snaps, err := offline.Snapshots(f.DataDir)
	require.NoError(t, err)
	require.NotEmpty(t, snaps)
	newest := snaps[0]
	require.Empty(t, newest.Damage)
	require.Equal(t, "test", newest.Cluster)
	require.Equal(t, []uint64{1}, newest.Voters)
	require.GreaterOrEqual(t, newest.Keys, 2)

	l, err := offline.InspectLog(f.DataDir, 0, 100)
	require.NoError(t, err)
	require.Empty(t, l.Damage)
	require.Equal(t, uint64(1), l.Node)
	require.Equal(t, "test", l.Cluster)
	require.NotZero(t, l.Term)
	require.Equal(t, l.Entries, l.Last-l.First+1)
	require.Len(t, l.Listed, int(l.Entries))
	last := l.Listed[len(l.Listed)-1]
	require.Equal(t, "command", last.Kind)
	require.Equal(t, "f", last.Commands[len(last.Commands)-1].Key)
	require.Equal(t, before, fingerprint(t, f.DataDir))
}

func TestInspectingListsNoMoreThanAsked(t *testing.T) {
	_, f := filled(t, nil)
	l, err := offline.InspectLog(f.DataDir, 3, 2)
	require.NoError(t, err)
	require.Len(t, l.Listed, 2)
	require.Equal(t, uint64(3), l.Listed[0].Index)
	require.Equal(t, 1, l.Kinds["noop"])
	require.Equal(t, 6, l.Commands["put"])
	require.Equal(t, []offline.TermRun{{Term: l.Term, First: 1, Last: l.Last}}, l.Terms)
}

// The same damage at which Start gives up must not hide the rest from a person.
func TestInspectingADamagedLogNamesTheEntryAndGoesOn(t *testing.T) {
	f := editedLog(t, "put-me-in-the-log", "put-me-in-the-lOg")
	before := fingerprint(t, f.DataDir)
	l, err := offline.InspectLog(f.DataDir, 0, 100)
	require.NoError(t, err)
	require.Len(t, l.Damage, 1)
	require.Contains(t, l.Damage[0], "checksum does not match")
	require.Equal(t, l.Last-l.First, l.Entries, "all entries but the damaged one")
	require.Equal(t, l.Last, l.Listed[len(l.Listed)-1].Index, "it went on behind the damage")
	require.Equal(t, before, fingerprint(t, f.DataDir))
}

// editedLog is a stopped node's folder in whose log a key was changed in place.
func editedLog(t *testing.T, key, to string) Config {
	c := newCluster(t, 1, nil)
	c.startAll()
	c.leader()
	for _, k := range []string{"a", key, "b"} {
		require.NoError(t, c.put(1, k, "v"))
	}
	f := c.nodes[1].config
	c.stop(1)
	replaceInFile(t, filepath.Join(f.DataDir, "log.db"), key, to)
	return f
}

func TestInspectingALogThatIsNoLog(t *testing.T) {
	for name, edit := range map[string]func(b []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut short": func(b []byte) []byte { return b[:5000] },
		"zeroes":    func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			_, f := filled(t, nil)
			path := filepath.Join(f.DataDir, "log.db")
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, edit(b), 0o600))
			l, err := offline.InspectLog(f.DataDir, 0, 100)
			require.NoError(t, err)
			require.NotEmpty(t, l.Damage)
		})
	}
}

func TestARunningNodesFolderIsNotInspected(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	dir := c.nodes[1].config.DataDir
	_, err := offline.InspectLog(dir, 0, 1)
	require.ErrorIs(t, err, boltstore.ErrLocked)
	require.NotContains(t, err.Error(), "\n")
	_, err = offline.Snapshots(dir)
	require.ErrorIs(t, err, boltstore.ErrLocked)
	_, err = offline.Save(dir, filepath.Join(t.TempDir(), "s"))
	require.ErrorIs(t, err, boltstore.ErrLocked)
}

func TestADamagedSnapshotIsNamedAndNotSaved(t *testing.T) {
	f := snapshotted(t)
	paths, err := snapshot.Files(f.DataDir)
	require.NoError(t, err)
	b, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	b[len(b)-20] ^= 1
	require.NoError(t, os.WriteFile(paths[0], b, 0o600))
	snaps, err := offline.Snapshots(f.DataDir)
	require.NoError(t, err)
	require.Contains(t, snaps[0].Damage, "damaged")
	require.Equal(t, "test", snaps[0].Cluster, "what the header claims is still told")
	require.Empty(t, snaps[1].Damage)
	to := filepath.Join(t.TempDir(), "s")
	_, err = offline.Save(f.DataDir, to)
	require.ErrorIs(t, err, snapshot.ErrCorrupt, "an older one must not pass for the newest")
	require.NoFileExists(t, to)
}

func TestSavedSnapshotBecomesANewCluster(t *testing.T) {
	f := snapshotted(t)
	file := filepath.Join(t.TempDir(), "saved")
	s, err := offline.Save(f.DataDir, file)
	require.NoError(t, err)
	_, err = offline.Save(f.DataDir, file)
	require.ErrorIs(t, err, os.ErrExist)

	c := newCluster(t, 3, func(f *Config) { f.Cluster = "new" })
	for id := range c.peers {
		_, err := offline.Restore(file, offline.NewNode{DataDir: c.config(id).DataDir, Cluster: "new", ID: id, Members: []uint64{1, 2, 3}})
		require.NoError(t, err)
	}
	c.startAll()
	leader := c.leader()
	require.Equal(t, "a", c.get(leader, "a", false))
	require.NoError(t, c.put(leader, "z", "new"))
	require.Greater(t, c.status(leader).Commit, s.Index, "the log continues behind the snapshot")
	for id := range c.nodes {
		require.Equal(t, "new", c.get(id, "z", false))
	}
}

func TestRestoreRefusesWhatItMustNotBuildOn(t *testing.T) {
	f := snapshotted(t)
	file := filepath.Join(t.TempDir(), "saved")
	_, err := offline.Save(f.DataDir, file)
	require.NoError(t, err)
	good := offline.NewNode{DataDir: filepath.Join(t.TempDir(), "n"), Cluster: "new", ID: 1, Members: []uint64{1, 2, 3}}
	for name, tc := range map[string]struct {
		edit func(*offline.NewNode)
		want error
	}{
		"a folder in use":  {func(n *offline.NewNode) { n.DataDir = f.DataDir }, offline.ErrNotEmpty},
		"the old name":     {func(n *offline.NewNode) { n.Cluster = "test" }, offline.ErrSameCluster},
		"no name":          {func(n *offline.NewNode) { n.Cluster = "" }, offline.ErrMembers},
		"a stranger":       {func(n *offline.NewNode) { n.ID = 4 }, offline.ErrMembers},
		"a member twice":   {func(n *offline.NewNode) { n.Members = []uint64{1, 1} }, offline.ErrMembers},
		"a member of id 0": {func(n *offline.NewNode) { n.Members = []uint64{0, 1} }, offline.ErrMembers},
	} {
		n := good
		tc.edit(&n)
		_, err := offline.Restore(file, n)
		require.ErrorIs(t, err, tc.want, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
	require.NoDirExists(t, good.DataDir, "a refusal leaves nothing")
}

// Every state that a crash in the middle of Restore leaves is refused by Start.
func TestAHalfRestoredFolderDoesNotStart(t *testing.T) {
	f := snapshotted(t)
	file := filepath.Join(t.TempDir(), "saved")
	_, err := offline.Save(f.DataDir, file)
	require.NoError(t, err)
	half := func(name string, undo func(dir string)) {
		c := newCluster(t, 1, func(f *Config) { f.Cluster = "new" })
		conf := c.config(1)
		_, err := offline.Restore(file, offline.NewNode{DataDir: conf.DataDir, Cluster: "new", ID: 1, Members: []uint64{1}})
		require.NoError(t, err)
		undo(conf.DataDir)
		_, err = Start(conf)
		require.ErrorIs(t, err, boltstore.ErrCorrupt, name)
	}
	half("claimed only", func(dir string) {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "snapshots")))
		require.NoError(t, os.Truncate(boltstore.Path(dir), 0))
	})
	half("snapshot, and the mark still there", func(dir string) { require.NoError(t, os.Truncate(boltstore.Path(dir), 0)) })
	half("snapshot without a log", func(dir string) { require.NoError(t, os.Remove(boltstore.Path(dir))) })
}
