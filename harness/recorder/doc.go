// Package recorder writes down what clients saw, as it happens.
//
// One Recorder serves all the clients of a run from one process, on one
// monotonic clock, so that "returned before the other was called" means what it
// says. Each event is one line, handed to the operating system at once: a
// harness that crashes leaves a file that can still be judged.
//
// It does not judge, and it does not know the store: what an error means for an
// operation is the caller's decision (package workload).
package recorder
