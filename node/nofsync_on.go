//go:build raftkv_bug_nofsync

package node

// acknowledgesBeforeSync plants the bug: a power loss takes acknowledged writes.
const acknowledgesBeforeSync = true
