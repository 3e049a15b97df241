//go:build raftkv_bugs

package raft

// Planted is the bug that every engine of this process has. A test sets it
// before it starts engines, and not while any of them runs.
var Planted Bug

// planted says whether b is the bug to make.
func planted(b Bug) bool { return b == Planted }
