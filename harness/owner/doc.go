// Package owner tells whether the program that made something is still alive.
//
// Containers, networks, volumes and processes outlive a harness that was killed
// before it could clean up. Each is therefore marked with the identity of the
// program that made it, and the next run removes what belongs to the dead. A
// process id alone can be used again, so the identity holds the start time too,
// and the host and process-id namespace, because an id seen from another
// container says nothing about the program here.
package owner
