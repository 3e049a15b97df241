package boltstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"raftkv/raft"
)

// bbolt itself opens such a file, with the last commit missing.
func TestADamagedMetaPageIsDamageAndNotAnOlderLog(t *testing.T) {
	for page := range int64(2) {
		for _, at := range []int64{pageHeader, pageHeader + 20, pageHeader + metaSumAt - 1, pageHeader + metaBytes - 1} {
			t.Run(fmt.Sprintf("page %d byte %d", page, at), func(t *testing.T) {
				s, dir := fresh(t, 1)
				require.NoError(t, s.Append(run(1, 3, 1)))
				require.NoError(t, s.Close())
				path := filepath.Join(dir, fileName)
				flip(t, path, page*int64(os.Getpagesize())+at)
				requireRefused(t, dir, unchanged, ErrCorrupt)

				db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
				require.NoError(t, err, "bbolt goes on with the other page")
				require.NoError(t, db.Close())

				flip(t, path, page*int64(os.Getpagesize())+at)
				_, r := reopen(t, dir, raft.SnapshotMeta{})
				require.Equal(t, run(1, 3, 1), r.Entries)
			})
		}
	}
}

// flip turns one bit of a file around.
func flip(t *testing.T, path string, at int64) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	require.NoError(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
