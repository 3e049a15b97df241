package boltstore

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
	"raftkv/raft/membership"
)

// made is a recovered store in a new folder, whose incarnation is 7.
func made(t *testing.T) (*Store, Options) {
	o := options(filepath.Join(t.TempDir(), "node"))
	o.Incarnation = 7
	s, err := Open(o)
	require.NoError(t, err)
	_, err = s.Recover(raft.SnapshotMeta{})
	require.NoError(t, err)
	return s, o
}

func TestAFolderKeepsItsIncarnation(t *testing.T) {
	s, o := made(t)
	assert.Equal(t, membership.Record{Incarnation: 7}, s.Record())
	member := membership.Record{Incarnation: 7, Phase: membership.Member, Cluster: 5, Founders: []uint64{1, 2}}
	require.NoError(t, s.SetRecord(member))
	require.ErrorIs(t, s.SetRecord(membership.Record{Incarnation: 7}), ErrOutOfOrder, "membership is not taken back")
	require.ErrorIs(t, s.SetRecord(membership.Record{Incarnation: 8, Phase: membership.Member}), ErrOutOfOrder)
	require.NoError(t, s.Close())
	o.Incarnation = 99
	s, err := Open(o)
	require.NoError(t, err)
	defer func() { _ = s.Close() }()
	assert.Equal(t, member, s.Record())
}

// A crash may fall between the two copies.
func TestTheLaterRecordCounts(t *testing.T) {
	s, o := made(t)
	later := membership.Record{Incarnation: 7, Phase: membership.Accepted, Cluster: 5, Founders: []uint64{1}}
	require.NoError(t, writeCopy(o, promise{raft.HardState{}, later}))
	require.NoError(t, s.Close())
	s, _ = reopen(t, o.Dir, raft.SnapshotMeta{})
	assert.Equal(t, later, s.Record())
}

// older writes a folder's membership as the first format has it.
func older(t *testing.T, s *Store, founders ...uint64) {
	var list []byte
	for _, id := range founders {
		list = binary.BigEndian.AppendUint64(list, id)
	}
	id := s.opts.identity()
	id.format = foundersVersion
	hard := encodeHardState(s.hard)
	copied := binary.BigEndian.AppendUint32(append([]byte(nil), hard...), uint32(len(seal(list))))
	copied = seal(append(append(copied, seal(list)...), id.encode()...))
	require.NoError(t, errors.Join(
		s.db.Set(keyFounders, seal(list)), s.db.Set(keyMembership, nil), s.db.Set(keyIdentity, id.encode()),
		os.WriteFile(filepath.Join(s.opts.Dir, copyName), copied, 0o600), s.Close()))
}

func TestAFolderOfTheFirstFormatIsBroughtUpToDate(t *testing.T) {
	for name, c := range map[string]struct {
		term     uint64
		founders []uint64
		want     membership.Record
	}{
		"a founder's":                 {3, []uint64{1, 2, 3}, membership.Record{Phase: membership.Member, Cluster: membership.Legacy, Founders: []uint64{1, 2, 3}}},
		"a founder's before any term": {0, []uint64{1, 2, 3}, membership.Record{Phase: membership.Member, Cluster: membership.Legacy, Founders: []uint64{1, 2, 3}}},
		"of one that was added":       {3, nil, membership.Record{Phase: membership.Member, Cluster: membership.Legacy}},
		"of one that was never added": {0, nil, membership.Record{Incarnation: 55}},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := made(t)
			if c.term > 0 {
				require.NoError(t, s.SetHardState(raft.HardState{Term: c.term, Vote: 2}))
			}
			older(t, s, c.founders...)
			o.Incarnation = 55
			s, err := Open(o)
			require.NoError(t, err)
			assert.Equal(t, c.want, s.Record())
			require.NoError(t, s.Close())
			in, err := Inspect(o.Dir, func(raft.Entry) {})
			require.NoError(t, err)
			assert.Empty(t, in.Damage)
			assert.EqualValues(t, formatVersion, in.Format)
			assert.Equal(t, c.want, in.Record)
			s, _ = reopen(t, o.Dir, raft.SnapshotMeta{})
			assert.Equal(t, c.want, s.Record())
		})
	}
}

// The log may be damaged before it was ever opened by this version.
func TestTheFirstFormatsCopyIsRead(t *testing.T) {
	s, o := made(t)
	require.NoError(t, s.SetHardState(raft.HardState{Term: 3, Vote: 2}))
	older(t, s)
	zero(t, filepath.Join(o.Dir, fileName))
	require.NoError(t, SetAside(o, t.TempDir()))
	s, _ = reopen(t, o.Dir, raft.SnapshotMeta{})
	assert.Equal(t, membership.Record{Phase: membership.Member, Cluster: membership.Legacy}, s.Record())
}
