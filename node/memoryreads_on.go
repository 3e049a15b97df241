//go:build raftkv_bug_stalereads

package node

// readsFromMemory plants the bug: a deposed leader answers what it remembers.
const readsFromMemory = true
