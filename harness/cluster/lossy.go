package cluster

import (
	"context"

	"raftkv/harness/proof"
)

// PacketDropper is a cluster that can lose single IP packets between a node and its
// peers. The docker driver is one, where it has the rights.
type PacketDropper interface {
	// CanDropPackets says, as an error, why it cannot be done here. It tries.
	CanDropPackets(ctx context.Context) error
	// DropPackets loses percent, from 1 to 99, of the packets that come to the node
	// from its peers' links and that it sends to them, also after a restart of the
	// node and in place of what it lost before, and waits until some were lost each
	// way. It is indeterminate if none were in time.
	DropPackets(ctx context.Context, id, percent int) (proof.Evidence, error)
	// PassPackets lets all packets through again. It may be done whatever state the
	// node is in, and twice.
	PassPackets(ctx context.Context, id int) (proof.Evidence, error)
}
