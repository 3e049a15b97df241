// Package scenarios is the table of what is done to a cluster, what is expected
// of it meanwhile, and the runner that does it.
//
// A scenario runs in phases: before (the healthy cluster under load), then for
// each round of each step inject, during, heal and recovery, then after (load
// again), and final (every key is read, on every node). Each fault is proved to
// have bitten and, later, to be gone. Roles such as "the leader" are resolved
// when a step fires; the seed decides everything else.
//
// Phases are as long as planned, and longer, within bounds, on a machine so busy
// that their floors are not reached or what a proof looks for is not seen yet.
// That makes nothing pass: what is waited for has to come, and the bound on a
// recovery counts from its healing.
//
// Beside the table there are profiles, from which a seed draws a schedule: rounds
// of faults that hold together (Generate, RunProfile). Any saved schedule can be
// run again (Repeat) and made smaller (Shrinker).
//
// What ends a run with which verdict:
//
//   - VIOLATION: the history cannot be explained; or a node cut off from its
//     quorum succeeded; or after a proved healing no write or no read succeeded
//     within the scenario's bound, or with a minority left broken the rest did
//     not serve; a key stayed unreadable, or a node did not catch up; or
//     replicas differ; or a node died of itself.
//   - INCONCLUSIVE: a fault or its healing could not be proved, a condition that
//     shows that the fault mattered does not hold, too few operations succeeded
//     in a phase, or the run was interrupted.
//   - HARNESS ERROR: the harness could not do what it was to do.
//   - PASS: none of these.
//
// It does not know how the store works inside: it imports the harness and the
// history only.
package scenarios
