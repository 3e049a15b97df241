package kv

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/node/kv/kvpb"
)

// FuzzApply: whatever an entry holds, two replicas do the same with it, and one
// that refuses it is unchanged.
func FuzzApply(f *testing.F) {
	_, session := sample(f)
	for _, cmds := range [][]*kvpb.Command{
		nil,
		{put("a", "1"), del("a"), cas("b", "", "x"), casAbsent("q", "1")},
		{in(session, 3, 2, put("a", "1")), {Op: kvpb.Command_OP_CLOSE_SESSION, Session: session}},
		{clock(5000, 10), {Op: kvpb.Command_OP_OPEN_SESSION}, {Op: 77}},
	} {
		data, err := EncodeBatch(cmds)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte{0x0a, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		a, _ := sample(t)
		b := restored(t, a)
		before := a.Hash()
		_, errA := a.Apply(a.AppliedIndex()+1, data)
		_, errB := b.Apply(b.AppliedIndex()+1, data)
		require.Equal(t, errA == nil, errB == nil)
		require.Equal(t, a.Hash(), b.Hash())
		if errA != nil {
			require.ErrorIs(t, errA, ErrCorruptCommand)
			require.Equal(t, before, a.Hash())
			return
		}
		require.Equal(t, a.Hash(), restored(t, a).Hash(), "any state can be saved and restored")
	})
}

// FuzzRestore: whatever a stream holds, it is refused by name, or gives a store
// that saves to an equal one.
func FuzzRestore(f *testing.F) {
	s, _ := sample(f)
	whole := saved(f, s)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(saved(f, New(Limits{})))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Restore(bytes.NewReader(data), Limits{})
		if err != nil {
			require.True(t, errors.Is(err, ErrBadSnapshot) || errors.Is(err, ErrNewerFormat), "%v", err)
			return
		}
		require.Equal(t, s.Hash(), restored(t, s).Hash())
	})
}
