//go:build !raftkv_bug_nofsync

package node

// acknowledgesBeforeSync is the planted bug of a build for testing only: a write
// to the log counts as durable when the kernel has it (etcd#14370, nats#7564).
const acknowledgesBeforeSync = false
