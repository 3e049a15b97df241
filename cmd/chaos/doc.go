// Command chaos runs fault scenarios against a cluster of RaftKV nodes, and
// judges histories.
//
//	chaos list                      scenarios, profiles and kinds of faults
//	chaos run --scenario NAME|all   run them and give a verdict
//	chaos run --profile NAME        the same of a schedule that a seed draws
//	chaos replay DIR                run a run's schedule again
//	chaos shrink DIR                find the smallest schedule that still fails
//	chaos soak --profile NAME       drawn schedules, seed after seed
//	chaos check FILE|DIR            judge a saved history, or a run's
//	chaos report DIR                render a run's report again
//
// Its exit code is the verdict: 0 PASS, 1 VIOLATION, 2 INCONCLUSIVE, 3 HARNESS
// ERROR (and wrong usage). It holds flags and printing; what it runs is in
// packages scenarios, harness and history.
package main
