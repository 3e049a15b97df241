package clienttest

import (
	"google.golang.org/grpc"

	apiv1 "raftkv/client/api/v1"
)

// CutBackup makes the node's backups break off in the middle, or not any more.
func (n *Node) CutBackup(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cutBackup = on
}

// Backup implements the Backup service.
func (n *Node) Backup(_ *apiv1.BackupRequest, st grpc.ServerStreamingServer[apiv1.BackupChunk]) error {
	if err := n.hold(st.Context()); err != nil {
		return err
	}
	n.mu.Lock()
	cut := n.cutBackup
	n.mu.Unlock()
	if err := st.Send(&apiv1.BackupChunk{Data: []byte("pretended ")}); err != nil || cut {
		return errHangUp
	}
	return st.Send(&apiv1.BackupChunk{Data: []byte("backup")})
}
