package kv

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/node/kv/kvpb"
)

// benchStore has a hundred thousand keys.
func benchStore(b *testing.B) *Store {
	s := New(Limits{})
	cmds := make([]*kvpb.Command, 50_000)
	for half := range 2 {
		for i := range cmds {
			cmds[i] = put(fmt.Sprintf("key-%d", half*len(cmds)+i), "value")
		}
		apply(b, s, cmds...)
	}
	return s
}

// BenchmarkApply applies entries of 32 puts of 256 bytes; an op is an entry.
func BenchmarkApply(b *testing.B) {
	for _, withSession := range []bool{false, true} {
		b.Run(fmt.Sprintf("session=%v", withSession), func(b *testing.B) {
			s := benchStore(b)
			id := open(b, s)
			sequence := uint64(0)
			for b.Loop() {
				b.StopTimer()
				cmds := make([]*kvpb.Command, 32)
				for i := range cmds {
					sequence++
					cmds[i] = put(fmt.Sprintf("key-%d", sequence*7919%100_000), string(make([]byte, 256)))
					if withSession {
						in(id, sequence, max(sequence, 64)-63, cmds[i])
					}
				}
				data, err := EncodeBatch(cmds)
				require.NoError(b, err)
				b.StartTimer()
				_, err = s.Apply(s.AppliedIndex()+1, data)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	s := benchStore(b)
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			s.Snapshot()
		}
	})
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, s.Snapshot().Save(io.Discard))
		}
	})
}
