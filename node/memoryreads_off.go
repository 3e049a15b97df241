//go:build !raftkv_bug_stalereads

package node

// readsFromMemory is the planted bug of a build for testing only: every read
// is answered from this node's memory (hashicorp/consul#54).
const readsFromMemory = false
