// Package corrupt is a toxic that this harness adds to Toxiproxy: it flips single bits
// of what goes through a link, as bad memory in a switch does, wherever they fall:
// in a value, in a length, in the frames below. What leaves the link has a valid TCP
// checksum, so nobody below the store can notice.
//
// Where it strikes is decided by a seed and by how many bytes have passed. How often
// it struck can be read through Toxiproxy's API, as an attribute of the toxic.
//
// The embedded server and the one in a container (hold/server) both Register it. It
// knows nothing of links: how they are made of toxics is package link's.
package corrupt
