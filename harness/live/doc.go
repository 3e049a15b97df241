// Package live serves a page that shows a run while it goes on: the nodes, who
// leads, the links as they are cut, operations per second, the fault in place
// and the one that comes next.
//
// It shows what it is told (Server.Show) and asks nobody. It keeps nothing: the
// report of a run is made from the run's folder. It listens on the loopback
// interface alone.
package live
