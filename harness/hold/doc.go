// Package hold is a toxic that this harness adds to Toxiproxy: it keeps what goes
// through a link until it is taken off. Toxiproxy's own way to do that, a bandwidth of
// nothing, does not come off a connection whose receiver is gone: it waits five
// seconds for each piece, under the lock of the link's proxy, and with it everything
// that is asked of Toxiproxy (brutal, seed 1001).
//
// The embedded server and the one in a container (hold/server) both Register it. It
// knows nothing of links: how they are made of toxics is package link's.
package hold
