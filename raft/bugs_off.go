//go:build !raftkv_bugs

package raft

// planted says whether a bug is planted: never, in this build.
func planted(Bug) bool { return false }
