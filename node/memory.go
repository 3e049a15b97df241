package node

import (
	"errors"
	"fmt"

	"raftkv/raft/boltstore"
)

// ErrCorruptMemory reports an entry that changed after this node took it in as
// intact. It was neither acknowledged nor applied.
var ErrCorruptMemory = errors.New("a log entry changed in this machine's memory; " +
	"check its RAM before the node is started again")

// memoryFault names who is to blame for an append that the log refused.
func memoryFault(err error) error {
	if errors.Is(err, boltstore.ErrNotIntact) {
		return fmt.Errorf("%w: %w", ErrCorruptMemory, err)
	}
	return err
}
