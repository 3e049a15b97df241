package membership

import "slices"

// An engine id is a node's id in its low bits and its incarnation above them.
const (
	nodeBits = 16
	// MaxNode is the greatest id that a node can have.
	MaxNode = 1<<nodeBits - 1
	// MaxIncarnation is the greatest incarnation; 0 is that of the folders that
	// were made before there were any, whose engine ids are their nodes' ids.
	MaxIncarnation = 1<<(64-nodeBits) - 1
)

// ID is the engine's id of a node's incarnation. node is 1 to MaxNode,
// incarnation at most MaxIncarnation.
func ID(node, incarnation uint64) uint64 { return incarnation<<nodeBits | node }

// Node is the node's own id in an engine id.
func Node(id uint64) uint64 { return id & MaxNode }

// Incarnation is the folder's part of an engine id.
func Incarnation(id uint64) uint64 { return id >> nodeBits }

// Nodes are the nodes' own ids of engine ids, in ascending order.
func Nodes(ids []uint64) []uint64 {
	if ids == nil {
		return nil
	}
	out := make([]uint64, len(ids))
	for i, id := range ids {
		out[i] = Node(id)
	}
	slices.Sort(out)
	return out
}
