// Package cluster says what a cluster under test is: nodes that can be killed,
// started, stopped, paused and asked for their status, with a faulty network
// between them.
//
// Two drivers implement Cluster: process (local processes) and docker
// (containers). This package holds what they share: the specification, the
// admin page's client, waiting for a leader, and choosing nodes by role. It
// tests the program as shipped, over its public ports, and knows nothing of
// the engine inside. It judges nothing that clients saw.
package cluster
