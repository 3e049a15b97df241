// Package wipe empties the data folder of a node that does not run, as a new disk or
// a new container does, and proves that nothing is left in it.
//
// The folder itself stays: it may be bound into a container. For a volume of a Docker
// engine, which may run elsewhere, a container does it (hold/server).
package wipe
