package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"raftkv/raft"
)

func TestOpenRefusesAFolderThatIsNotOurs(t *testing.T) {
	tests := map[string]struct {
		change func(*Options)
		want   error
	}{
		"another node":    {func(o *Options) { o.NodeID = 2 }, ErrWrongNode},
		"another cluster": {func(o *Options) { o.ClusterID = "prod" }, ErrWrongCluster},
		"both":            {func(o *Options) { o.NodeID, o.ClusterID = 2, "prod" }, ErrWrongCluster},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 1)
			require.NoError(t, s.Close())
			requireRefused(t, dir, tt.change, tt.want)
		})
	}
}

// requireRefused opens the folder, requires the error in one line, and that the
// file is byte for byte what it was.
func requireRefused(t *testing.T, dir string, change func(*Options), want error) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	require.NoError(t, err)
	o := options(dir)
	change(&o)
	_, err = Open(o)
	require.ErrorIs(t, err, want)
	assert.NotContains(t, err.Error(), "\n")
	assert.Contains(t, err.Error(), dir)
	after, err := os.ReadFile(filepath.Join(dir, fileName))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(before, after), "nothing was harmed")
}

func unchanged(*Options) {}

func TestOpenRefusesASecondUser(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 3, 1)))
	requireRefused(t, dir, unchanged, ErrLocked)
	requireStored(t, s, dir, raft.SnapshotMeta{}, run(1, 3, 1))
}

// edit changes the closed file's contents through bbolt.
func edit(t *testing.T, dir string, change func(logs, conf *bbolt.Bucket) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, &bbolt.Options{NoSync: true})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return change(tx.Bucket([]byte("logs")), tx.Bucket([]byte("conf")))
	}))
	require.NoError(t, db.Close())
}

func key(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

func TestOpenRefusesDamagedContents(t *testing.T) {
	tests := map[string]struct {
		change func(logs, conf *bbolt.Bucket) error
		want   error
	}{
		"an entry missing":     {func(l, _ *bbolt.Bucket) error { return l.Delete(key(3)) }, ErrCorrupt},
		"an entry moved":       {func(l, _ *bbolt.Bucket) error { return l.Put(key(3), l.Get(key(2))) }, ErrCorrupt},
		"an entry emptied":     {func(l, _ *bbolt.Bucket) error { return l.Put(key(5), nil) }, ErrCorrupt},
		"a key of no index":    {func(l, _ *bbolt.Bucket) error { return l.Put([]byte("zz"), []byte("?")) }, ErrCorrupt},
		"hard state missing":   {func(_, c *bbolt.Bucket) error { return c.Delete(keyHardState) }, ErrCorrupt},
		"hard state emptied":   {func(_, c *bbolt.Bucket) error { return c.Put(keyHardState, nil) }, ErrCorrupt},
		"hard state cut":       {func(_, c *bbolt.Bucket) error { return c.Put(keyHardState, seal([]byte("short"))) }, ErrCorrupt},
		"hard state too old":   {func(_, c *bbolt.Bucket) error { return c.Put(keyHardState, encodeHardState(raft.HardState{Term: 1})) }, ErrCorrupt},
		"identity missing":     {func(_, c *bbolt.Bucket) error { return c.Delete(keyIdentity) }, ErrCorrupt},
		"identity cut":         {func(_, c *bbolt.Bucket) error { return c.Put(keyIdentity, seal([]byte{0, 0, 0, 1, 9})) }, ErrCorrupt},
		"identity of tomorrow": {func(_, c *bbolt.Bucket) error { return c.Put(keyIdentity, seal([]byte{0, 0, 0, 3})) }, ErrNewerFormat},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, dir := fresh(t, 2)
			require.NoError(t, s.Append(join(run(1, 2, 1), run(3, 5, 2))))
			require.NoError(t, s.Close())
			edit(t, dir, tt.change)
			requireRefused(t, dir, unchanged, tt.want)
		})
	}
}

// An entry that is intact in itself, but of an older term than the one before:
// a stale end that came back.
func TestOpenRefusesTermsThatGoBack(t *testing.T) {
	old, oldDir := fresh(t, 2)
	require.NoError(t, old.Append(run(1, 5, 1)))
	require.NoError(t, old.Close())
	var stale []byte
	edit(t, oldDir, func(l, _ *bbolt.Bucket) error { stale = append(stale, l.Get(key(5))...); return nil })

	s, dir := fresh(t, 2)
	require.NoError(t, s.Append(join(run(1, 2, 1), run(3, 4, 2))))
	require.NoError(t, s.Close())
	edit(t, dir, func(l, _ *bbolt.Bucket) error { return l.Put(key(5), stale) })
	requireRefused(t, dir, unchanged, ErrCorrupt)
}

func TestAFlippedBitOfAnEntryIsDamageAndNotAbsence(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 3, 1)))
	require.NoError(t, s.Close())
	var stored []byte
	edit(t, dir, func(l, _ *bbolt.Bucket) error { stored = append(stored, l.Get(key(3))...); return nil })
	o := options(dir)
	refused := 0
	for bit := range len(stored) * 8 {
		damaged := append([]byte(nil), stored...)
		damaged[bit/8] ^= 1 << (bit % 8)
		edit(t, dir, func(l, _ *bbolt.Bucket) error { return l.Put(key(3), damaged) })
		s, err := Open(o)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt, "bit %d", bit)
			refused++
			continue
		}
		// A bit outside what means something, such as the time that nobody set.
		r, err := s.Recover(raft.SnapshotMeta{})
		require.NoError(t, err)
		require.Equal(t, run(1, 3, 1), r.Entries, "bit %d: never another entry, never none", bit)
		require.NoError(t, s.Close())
	}
	assert.Greater(t, refused, len("3 in 1")*8, "every bit of the data, and more")
}

func TestAFileThatIsCutOrOverwrittenIsDamage(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Append(run(1, 300, 1)))
	require.NoError(t, s.Append([]raft.Entry{raft.Entry{Index: 301, Term: 1, Data: make([]byte, 100_000)}.Sealed()}))
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(filepath.Join(dir, fileName))
	require.NoError(t, err)
	page := os.Getpagesize()
	for _, size := range []int{0, 10, page, 2 * page, 3 * page, 5 * page} {
		t.Run(fmt.Sprintf("cut to %d", size), func(t *testing.T) {
			cut := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(cut, fileName), whole[:size], 0o600))
			requireRefused(t, cut, unchanged, ErrCorrupt)
		})
	}
	t.Run("metadata overwritten", func(t *testing.T) {
		junk := t.TempDir()
		damaged := append([]byte(nil), whole...)
		copy(damaged, strings.Repeat("junk", page/2))
		require.NoError(t, os.WriteFile(filepath.Join(junk, fileName), damaged, 0o600))
		requireRefused(t, junk, unchanged, ErrCorrupt)
	})
	t.Run("some other database", func(t *testing.T) {
		other := t.TempDir()
		db, err := bbolt.Open(filepath.Join(other, fileName), 0o600, nil)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		requireRefused(t, other, unchanged, ErrCorrupt)
	})
}

func TestAnUnreadableFileIsNotCalledDamaged(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, fileName), 0o700))
	_, err := Open(options(dir))
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrCorrupt)
}

func TestWhatACrashedStartLeftIsRemoved(t *testing.T) {
	s, dir := fresh(t, 1)
	require.NoError(t, s.Close())
	leftover := filepath.Join(dir, "log.db.tmp-123")
	require.NoError(t, os.WriteFile(leftover, []byte("half"), 0o600))
	reopen(t, dir, raft.SnapshotMeta{})
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, copyName), filepath.Join(dir, fileName)}, names)
}

func TestOfTwoFirstStartsOneGetsTheFolder(t *testing.T) {
	for i := range 10 { // at once: the one that loses waits for the lock
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			o := options(filepath.Join(t.TempDir(), "deep", "folder"))
			var stores [2]*Store
			var errs [2]error
			var wg sync.WaitGroup
			for i := range stores {
				wg.Go(func() { stores[i], errs[i] = Open(o) })
			}
			wg.Wait()
			won := 0
			if errs[0] != nil {
				won = 1
			}
			require.NoError(t, errs[won])
			require.ErrorIs(t, errs[1-won], ErrLocked)
			require.NoError(t, stores[won].Close())
		})
	}
}

// A process that is killed gives the folder back and loses nothing it was told
// was written. The test runs itself as that process.
func TestAKilledProcessLosesNothing(t *testing.T) {
	const env = "BOLTSTORE_TEST_DIR"
	if dir := os.Getenv(env); dir != "" {
		appendUntilKilled(t, dir)
	}
	dir := t.TempDir()
	last := uint64(0)
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), env+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		told := last
		for range 40 {
			_, err = fmt.Fscanln(out, &told)
			require.NoError(t, err)
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())

		s, r := reopen(t, dir, raft.SnapshotMeta{})
		require.GreaterOrEqual(t, r.Last, told)
		require.Equal(t, run(1, r.Last, 1), r.Entries)
		require.Greater(t, r.Last, last)
		last = r.Last
		require.NoError(t, s.Close())
	}
}

// appendUntilKilled prints the last index after each append.
func appendUntilKilled(t *testing.T, dir string) {
	o := options(dir)
	o.NoSync = false
	s, err := Open(o)
	require.NoError(t, err)
	_, err = s.Recover(raft.SnapshotMeta{})
	require.NoError(t, err)
	if s.Last() == 0 {
		require.NoError(t, s.SetHardState(raft.HardState{Term: 1}))
	}
	for {
		require.NoError(t, s.Append(run(s.Last()+1, s.Last()+3, 1)))
		fmt.Println(s.Last())
	}
}
