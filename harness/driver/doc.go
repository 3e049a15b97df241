// Package driver chooses between the two kinds of cluster, builds the programs
// they run, and starts one.
//
// The choice is by name, by RAFTKV_DRIVER, or "auto": containers when a Docker
// engine answers, local processes when none does. The result says which and why.
package driver
