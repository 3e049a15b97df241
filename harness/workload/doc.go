// Package workload drives clients against the store and records what they saw.
//
// Roaming clients know every node and follow the leader through the real client
// library, with a session each. Pinned clients know one node only and keep
// asking it, so that a leader cut off from its peers really is asked. Values are
// unique, and keys are rotated before any one of them has seen so many
// operations, so many at once, or so many unknown outcomes that its check could
// not finish.
//
// It does not inject faults, does not judge, and never pauses because of a
// fault: an operation is given up after its timeout and the client goes on.
package workload
