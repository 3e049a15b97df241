package client

import (
	"context"
	"testing"

	"raftkv/client/clienttest"
)

// BenchmarkPut measures both ends together: 256 goroutines on one client
// against one pretended node.
func BenchmarkPut(b *testing.B) {
	c := clienttest.Start(b, 1)
	cl := connect(b, c, func(cfg *Config) { cfg.AttemptTimeout = 0 })
	value := make([]byte, 256)
	b.SetParallelism(128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := cl.Put(context.Background(), "key", value); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
