// Package ports hands out TCP ports on 127.0.0.1 that stay a cluster's own
// while its servers are down.
//
// A port that the system picks lies in the range it also picks from for
// outgoing connections, so a killed node could find its port taken when it
// starts again. The ports here lie below that range, and a block of them is
// held by a locked file, which the system unlocks when the holder dies, so two
// harnesses on one machine never share a block.
package ports
