//go:build !raftkv_bugs

package rafttest

import "testing"

// plantInEngine plants nothing: this build's engine cannot make mistakes.
func plantInEngine(*testing.T, string) (Options, bool) { return Options{}, false }
