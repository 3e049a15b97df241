package clienttest

import (
	"cmp"
	"context"
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

// RefuseBackup has the node refuse backups when the time is up that the client gave
// it, and if none was given, after an hour.
func (n *Node) RefuseBackup(why apiv1.Reason) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusal = why
}

// Backup implements the Backup service.
func (n *Node) Backup(q *apiv1.BackupRequest, st grpc.ServerStreamingServer[apiv1.BackupChunk]) error {
	if err := n.hold(st.Context()); err != nil {
		return err
	}
	n.mu.Lock()
	cut, refusal := n.cutBackup, n.refusal
	n.mu.Unlock()
	if refusal != apiv1.Reason_REASON_UNSPECIFIED {
		return refuseAfter(st.Context(), cmp.Or(time.Duration(q.GetWaitMs())*time.Millisecond, time.Hour), refusal)
	}
	if err := st.Send(&apiv1.BackupChunk{Data: []byte("pretended ")}); err != nil || cut {
		return errHangUp
	}
	return st.Send(&apiv1.BackupChunk{Data: []byte("backup")})
}

func refuseAfter(ctx context.Context, d time.Duration, why apiv1.Reason) error {
	select {
	case <-time.After(d):
		return api.ToStatus(&apiv1.Error{Reason: why})
	case <-ctx.Done():
		return ctx.Err()
	}
}
