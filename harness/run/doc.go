// Package run keeps what one run leaves behind, in one folder:
//
//	schedule.json   scenario, seed, driver, and every resolved target, time and parameter
//	history.jsonl   what clients saw (package recorder writes it)
//	events.jsonl    phases, nemesis steps with their evidence, what the nodes said of themselves
//	logs/nN.log     each node's log; logs/nN.events.jsonl what it wrote of itself
//	cluster/        local processes only: each node's data
//	run.json        what the report says about the run
//	timeline.json   faults, phases and leaders, for drawing
//	told.json       what the judge was told besides the history: floors, notes, what the runner saw
//	verdict.json    the verdict; junit.xml the same for CI
//	report.html     all of it on one offline page
//	linearizability-KEY.html   porcupine's drawing of a key that failed
//
// The times in all of them are nanoseconds on one clock, the recorder's. A
// folder can be judged and drawn again from its files alone.
//
// It does not start clusters, inject faults or decide what a scenario expects.
package run
