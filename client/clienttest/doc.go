// Package clienttest is a pretended cluster for tests of programs that use
// package client: nodes on real loopback ports, which answer from one shared
// map, lead when told to, and misbehave by script.
//
// It is not a store: there is no log, no quorum, and nothing is replicated. It
// does keep sessions, so that a write applied twice shows.
package clienttest
