package membership

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/raft"
)

func leading(conf raft.ConfState, heard ...uint64) raft.Status {
	st := raft.Status{Role: raft.Leader, Conf: conf, Progress: map[uint64]raft.Progress{}}
	for _, id := range heard {
		st.Progress[id] = raft.Progress{RecentActive: true, State: "replicate"}
	}
	return st
}

func TestANewFolderIsALearnerFirstAndThenAVoterInPlaceOfTheOld(t *testing.T) {
	one, two, old, new := ID(1, 11), ID(2, 12), ID(3, 13), ID(3, 99)
	conf := raft.ConfState{Voters: []uint64{one, two, old}}
	arrived := map[uint64]uint64{3: new}
	cc, ok := Replacement(leading(conf, one, two), arrived)
	require.True(t, ok)
	assert.Equal(t, raft.ConfChange{AddLearners: []uint64{new}}, cc)

	conf.Learners = []uint64{new}
	_, ok = Replacement(leading(conf, one, two), nil)
	assert.False(t, ok, "not heard yet")
	cc, ok = Replacement(leading(conf, one, two, new), nil)
	require.True(t, ok, "whoever leads by now")
	assert.Equal(t, raft.ConfChange{AddVoters: []uint64{new}, Remove: []uint64{old}}, cc)

	newer := ID(3, 100)
	cc, ok = Replacement(leading(conf, one, two), map[uint64]uint64{3: newer})
	require.True(t, ok, "emptied once more")
	assert.Equal(t, raft.ConfChange{AddLearners: []uint64{newer}, Remove: []uint64{new}}, cc)
}

// A greeting of before, that was long on its way, has made a dead folder a learner.
func TestALearnerThatIsNobodysFolderGoes(t *testing.T) {
	one, two, now, dead := ID(1, 11), ID(2, 12), ID(3, 99), ID(3, 13)
	conf := raft.ConfState{Voters: []uint64{one, two, now}, Learners: []uint64{dead}}
	cc, ok := Replacement(leading(conf, one, two, now), nil)
	require.True(t, ok)
	assert.Equal(t, raft.ConfChange{Remove: []uint64{dead}}, cc)
	_, ok = Replacement(leading(conf, one, two), nil)
	assert.False(t, ok, "nobody knows which of them there is")
}

func TestWhoIsNotReplaced(t *testing.T) {
	one, two, old := ID(1, 11), ID(2, 12), ID(3, 13)
	conf := raft.ConfState{Voters: []uint64{one, two, old}}
	for name, c := range map[string]struct {
		st      raft.Status
		arrived map[uint64]uint64
	}{
		"nobody arrived":             {leading(conf, one, two), nil},
		"the old folder is heard":    {leading(conf, one, two, old), map[uint64]uint64{3: ID(3, 99)}},
		"the leader itself":          {leading(conf, one, two), map[uint64]uint64{1: ID(1, 99)}},
		"a stranger":                 {leading(conf, one, two), map[uint64]uint64{4: ID(4, 99)}},
		"the folder that is known":   {leading(conf, one, two), map[uint64]uint64{3: old}},
		"a change that is under way": {leading(raft.ConfState{Voters: conf.Voters, VotersOutgoing: conf.Voters[:2]}, one, two), map[uint64]uint64{3: ID(3, 99)}},
		"on a follower":              {raft.Status{Conf: conf}, map[uint64]uint64{3: ID(3, 99)}},
	} {
		_, ok := Replacement(c.st, c.arrived)
		assert.False(t, ok, name)
	}
}
