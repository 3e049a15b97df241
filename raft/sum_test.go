package raft

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sum is that of folders written before entries carried one.
func TestEntrySumIsCRC32COfTermIndexTypeAndData(t *testing.T) {
	for size := range 70 {
		e := Entry{Index: 7, Term: 1 << 40, Type: EntryConfChange, Data: make([]byte, size)}
		b := binary.BigEndian.AppendUint64(nil, e.Term)
		b = append(binary.BigEndian.AppendUint64(b, e.Index), byte(e.Type))
		want := crc32.Checksum(append(b, e.Data...), crc32.MakeTable(crc32.Castagnoli))
		require.Equal(t, want, EntrySum(&e), "%d bytes", size)
	}
}

func TestEntryThatChangedIsNotIntact(t *testing.T) {
	e := Entry{Index: 7, Term: 3, Data: []byte("value")}.Sealed()
	require.True(t, e.Intact())
	for name, bend := range map[string]func(*Entry){
		"index": func(e *Entry) { e.Index++ },
		"term":  func(e *Entry) { e.Term++ },
		"type":  func(e *Entry) { e.Type++ },
		"data":  func(e *Entry) { e.Data = []byte("valuf") },
		"sum":   func(e *Entry) { e.Sum ^= 1 },
	} {
		bent := e
		bend(&bent)
		require.False(t, bent.Intact(), name)
	}
}

// A leader seals what it appends, and a follower hands out the sum it was given.
func TestLeaderMakesTheSumAndFollowersCarryIt(t *testing.T) {
	tn := aLeader(t, 3)
	_, _, err := tn.Propose([]byte("x"))
	require.NoError(t, err)
	rd := tn.Ready()
	require.NotEmpty(t, rd.Entries)
	for i := range rd.Entries {
		require.True(t, rd.Entries[i].Intact(), "entry %d", rd.Entries[i].Index)
	}
}

func BenchmarkEntrySum(b *testing.B) {
	for _, size := range []int{0, 256, 8 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			e := Entry{Index: 7, Term: 3, Data: make([]byte, size)}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				e.Sum = EntrySum(&e)
			}
		})
	}
}
