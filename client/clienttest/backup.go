package clienttest

import (
	"time"

	"google.golang.org/grpc"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// CutBackup makes the node's backups break off in the middle, or not any more.
func (n *Node) CutBackup(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cutBackup = on
}

// RefuseBackup has the node refuse backups so long after they were asked for.
func (n *Node) RefuseBackup(after time.Duration, why apiv1.Reason) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusal, n.refuseAfter = why, after
}

// Backup implements the Backup service.
func (n *Node) Backup(_ *apiv1.BackupRequest, st grpc.ServerStreamingServer[apiv1.BackupChunk]) error {
	if err := n.hold(st.Context()); err != nil {
		return err
	}
	n.mu.Lock()
	cut, refusal, after := n.cutBackup, n.refusal, n.refuseAfter
	n.mu.Unlock()
	if refusal != apiv1.Reason_REASON_UNSPECIFIED {
		time.Sleep(after)
		return api.ToStatus(&apiv1.Error{Reason: refusal})
	}
	if err := st.Send(&apiv1.BackupChunk{Data: []byte("pretended ")}); err != nil || cut {
		return errHangUp
	}
	return st.Send(&apiv1.BackupChunk{Data: []byte("backup")})
}
