// Package process runs a cluster as local processes of the very program that
// ships, with Toxiproxy embedded in this one.
//
// Goroutines: one spawner a cluster (see spawner), one waiter a running node,
// one that stops and continues it a throttled node (see duty), one HTTP server
// for Toxiproxy's API, and Toxiproxy's own.
//
// Nodes do not outlive the harness: on Linux the kernel kills them with it, and
// everywhere a run file in the temporary folder names them, so that the next
// run kills those whose harness is dead. Only processes that this package
// started are ever signalled.
//
// It needs a Unix: SIGSTOP, file locks.
package process
