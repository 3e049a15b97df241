package raft

import (
	"fmt"
	"testing"
)

// BenchmarkProposeToCommit proposes on a leader of five and carries messages
// and disk writes in memory until the entry is committed everywhere. With a
// batch, that many proposals share a round.
func BenchmarkProposeToCommit(b *testing.B) {
	for _, batch := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { benchmarkPropose(b, batch) })
	}
}

func benchmarkPropose(b *testing.B, batch int) {
	c := newCluster(5)
	tn := c.elect(1)
	data := make([]byte, 256)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, _, err := tn.Propose(data); err != nil {
			b.Fatal(err)
		}
		if i%batch == batch-1 {
			benchmarkRound(c)
		}
		if i%10000 == 9999 {
			benchmarkCompact(b, c)
		}
	}
	benchmarkRound(c)
	benchmarkRound(c)
	if tn.Commit() != tn.LastIndex() {
		b.Fatal("not committed")
	}
}

// benchmarkRound is one exchange of appends and acknowledgements.
func benchmarkRound(c *testCluster) {
	for range 2 {
		for id := uint64(1); id <= 5; id++ {
			rd := c.nodes[id].Ready()
			c.nodes[id].AppendDone(rd.Durable())
			if k := len(rd.Committed); k > 0 {
				c.nodes[id].ApplyDone(rd.Committed[k-1].Index)
			}
			for _, m := range rd.Messages {
				c.step(m)
			}
			for _, m := range rd.MessagesAfterAppend {
				c.step(m)
			}
		}
	}
}

func benchmarkCompact(b *testing.B, c *testCluster) {
	for id, tn := range c.nodes {
		if err := c.compact(id, tn.Applied(), tn.Applied()-min(tn.Applied()-1, 100)); err != nil {
			b.Fatal(err)
		}
	}
}
