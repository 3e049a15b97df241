// Package history holds what clients of a store saw: the events a recorder
// writes, the operations they pair up to, the file formats they are kept in,
// and the run's timeline of faults, leaders and phases.
//
// It knows nothing of the store. It reads three formats: our JSON lines,
// Jepsen's history.edn, and the operation lines of a jepsen.log. It does not
// judge: package check does. It does not draw: package report does.
//
// Terms are Jepsen's. A history is what a set of processes did; a process does
// one operation at a time; an operation is invoked and ends as ok (it happened
// once, in between), fail (it never happens) or info (nobody knows).
package history
