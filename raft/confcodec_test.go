package raft

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMembershipSurvivesItsEncoding(t *testing.T) {
	for _, c := range []ConfState{
		{Voters: []uint64{1}},
		{Voters: []uint64{1, 2, 300}, VotersOutgoing: []uint64{2, 1 << 60}, Learners: []uint64{7}, Context: []byte{0, 1}},
	} {
		got, err := DecodeConfState(EncodeConfState(c))
		require.NoError(t, err)
		assert.Equal(t, c, got)
	}
	assert.Equal(t, EncodeConfState(ConfState{Voters: []uint64{1, 2}}), EncodeConfState(ConfState{Voters: []uint64{2, 1}}))
}

func TestOnlyTheOneFormOfAMembershipIsRead(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty":             {},
		"other version":     {2, 1, 1, 0, 0, 0},
		"too short":         {1, 1, 1, 0},
		"no context length": {1, 1, 1, 0, 0},
		"count beyond end":  {1, 200, 1, 0, 0, 0},
		"trailing bytes":    {1, 1, 1, 0, 0, 0, 9},
		"long context":      append([]byte{1, 1, 1, 0, 0, 0x81, 0x80, 4}, make([]byte, maxConfContext+1)...),
		"not ascending":     {1, 2, 2, 1, 0, 0, 0},
		"twice":             {1, 2, 1, 1, 0, 0, 0},
		"number in excess":  {1, 1, 0x81, 0, 0, 0, 0},
		"nobody votes":      {1, 0, 0, 1, 4, 0},
		"id 0":              {1, 1, 0, 0, 0, 0},
		"voter and learner": {1, 1, 1, 0, 1, 1, 0},
	} {
		_, err := DecodeConfState(data)
		assert.ErrorIs(t, err, ErrBadConfState, name)
	}
}

func FuzzDecodeConfState(f *testing.F) {
	f.Add(EncodeConfState(ConfState{Voters: []uint64{1, 2, 300}, Learners: []uint64{4}, Context: []byte("x")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := DecodeConfState(data)
		if err == nil {
			require.Equal(t, data, EncodeConfState(c), "what is read has one form")
		}
	})
}
