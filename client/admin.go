package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

const (
	// adminAttempt bounds one try of an administrative call: longer than an
	// election and a round of disks take, so that most end in an answer.
	adminAttempt = 3 * time.Second
	// adminPause is the time between two tries.
	adminPause = 50 * time.Millisecond
	// adminMargin: with less time left, no further try is begun after one that was
	// definitely not done. It might be cut off, and leave in doubt what is not.
	adminMargin = 200 * time.Millisecond
)

// Member is one member of the cluster as the leader knows it.
type Member struct {
	ID uint64
	// Role is voter or learner; incoming or outgoing while a change replaces
	// voters.
	Role          string
	PeerAddress   string
	ClientAddress string
	Leader        bool
	Match         uint64 // how much of the leader's log it holds
	// Incarnation tells this data folder from others that its node had; a node that
	// is taken in again after it lost its folder is listed twice.
	Incarnation uint64
	// NewFolder: the node has another folder by now, and this one will not come back.
	NewFolder bool
}

// Members is the membership in force. Pending: a change is under way, and what
// is listed is not final.
type Members struct {
	Members []Member
	Leader  uint64
	Term    uint64
	Commit  uint64
	Pending bool
}

// MemberChange says how the membership shall be, all of it at once. It may be
// asked for again: what is so already stays so.
type MemberChange struct {
	// Add are learners to be, with the address at which the others reach them.
	Add map[uint64]string
	// Promote are learners that become voters; refused until they have caught up.
	Promote []uint64
	// Remove are members that go.
	Remove []uint64
}

// Members asks the leader who is a member.
func (c *Client) Members(ctx context.Context) (Members, error) {
	var p *apiv1.MemberListResponse
	err := c.administer(ctx, "member list", false, func(ctx context.Context, a apiv1.AdminClient) (err error) {
		p, err = a.MemberList(ctx, &apiv1.MemberListRequest{})
		return err
	})
	out := Members{Leader: p.GetLeaderId(), Term: p.GetTerm(), Commit: p.GetCommitIndex(), Pending: p.GetPending()}
	for _, m := range p.GetMembers() {
		out.Members = append(out.Members, Member{ID: m.Id, Role: m.Role, PeerAddress: m.PeerAddress,
			ClientAddress: m.ClientAddress, Leader: m.Leader, Match: m.Match,
			Incarnation: m.Incarnation, NewFolder: m.NewFolder})
	}
	return out, err
}

// ChangeMembers has the leader change the membership, and returns once that is
// final. It tries again while the leader moves, another change is under way, or
// a learner has not caught up, until ctx ends; changed tells whether the last
// try still had anything to do.
func (c *Client) ChangeMembers(ctx context.Context, mc MemberChange) (changed bool, err error) {
	q := &apiv1.MemberChangeRequest{Add: mc.Add, Promote: mc.Promote, Remove: mc.Remove}
	err = c.administer(ctx, "member change", true, func(ctx context.Context, a apiv1.AdminClient) error {
		p, err := a.MemberChange(ctx, q)
		changed = p.GetChanged()
		return err
	})
	return changed, err
}

// TransferLeader hands leadership to a voter, 0 for whoever holds most of the
// log, and returns who leads then, which may be another. A voter that cannot take
// over, or did not in time, is an ErrBadRequest that names it. Otherwise it is tried
// again until ctx ends; so another leader than the first may have been asked to go.
func (c *Client) TransferLeader(ctx context.Context, to uint64) (leader uint64, err error) {
	err = c.administer(ctx, "transfer", true, func(ctx context.Context, a apiv1.AdminClient) error {
		p, err := a.TransferLeader(ctx, &apiv1.TransferLeaderRequest{To: to})
		leader = p.GetLeaderId()
		return err
	})
	if errors.Is(err, ErrBadRequest) { // who leads now has said so, whatever was asked before
		err = notDone("transfer", causesOf(err)...)
	}
	return leader, err
}

// administer asks the leader until it answers, or until asking is pointless or
// ctx ends. changes says that a lost answer leaves the outcome unknown.
func (c *Client) administer(ctx context.Context, op string, changes bool, call func(context.Context, apiv1.AdminClient) error) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	failed := &callError{op: op, kind: ErrNotDone}
	for {
		l, err := c.router.await(ctx)
		if err != nil {
			return failed.because(err, ctx.Err())
		}
		err = c.attempt(ctx, l, call)
		if err == nil {
			return nil
		}
		e, answered := api.FromStatus(err)
		if changes && (!answered || !api.Definite(e.GetReason())) && status.Code(err) != codes.Unimplemented {
			failed.kind = ErrUnknown
		}
		if answered {
			err = adminCause(e)
			c.learn(l, e)
		} else {
			err = fmt.Errorf("%w: %s", ErrUnavailable, oneLine(err))
			c.router.lost(l, err)
		}
		if answered || len(failed.causes) == 0 { // an answer says more than none
			failed.causes = []error{err}
		}
		if errors.Is(err, ErrBadRequest) || late(ctx, failed.kind) {
			return failed.because(nil, ctx.Err())
		}
		if sleep(ctx, adminPause); ctx.Err() != nil {
			return failed.because(nil, ctx.Err())
		}
	}
}

// late says that there is no time for another try.
func late(ctx context.Context, kind error) bool {
	deadline, _ := ctx.Deadline()
	return ctx.Err() != nil || (kind == ErrNotDone && time.Until(deadline) < adminMargin)
}

// refused is why the leader will not do what an operator asked for, in its words.
type refused struct{ why string }

func (r refused) Error() string { return r.why }
func (refused) Unwrap() error   { return ErrBadRequest }

func adminCause(e *apiv1.Error) error {
	if e.GetReason() == apiv1.Reason_REASON_BAD_REQUEST && e.GetMessage() != "" {
		return refused{e.GetMessage()}
	}
	return cause(e)
}

func (c *Client) attempt(ctx context.Context, l *link, call func(context.Context, apiv1.AdminClient) error) error {
	ctx, cancel := context.WithTimeout(ctx, adminAttempt)
	defer cancel()
	return call(ctx, apiv1.NewAdminClient(l.conn()))
}

// because completes a call's error: an answer that came says more than that
// there was no time for another.
func (e *callError) because(why, ctxErr error) error {
	if len(e.causes) == 0 && why != nil {
		e.causes = append(e.causes, why)
	}
	if ctxErr != nil {
		e.causes = append(e.causes, ctxErr)
	}
	return e
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
