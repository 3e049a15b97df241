package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"raftkv/client"
)

// memberCmd groups what changes who is a member.
type memberCmd struct {
	List    memberListCmd    `cmd:"" help:"Show the members as the leader knows them."`
	Add     memberAddCmd     `cmd:"" help:"Add nodes that run with serve --join: as learners, and as voters once they have caught up."`
	Promote memberPromoteCmd `cmd:"" help:"Make learners voters."`
	Remove  memberRemoveCmd  `cmd:"" help:"Remove members. Stop their nodes afterwards; to use one again, give it a new id and an empty folder."`
}

// memberRow is one member in JSON.
type memberRow struct {
	ID            uint64 `json:"id"`
	Role          string `json:"role"`
	PeerAddress   string `json:"peer_address"`
	ClientAddress string `json:"client_address"`
	Leader        bool   `json:"leader"`
	Match         uint64 `json:"match"`
	Incarnation   uint64 `json:"incarnation"`
	NewFolder     bool   `json:"new_folder,omitempty"`
}

// membersRow is the whole list in JSON.
type membersRow struct {
	Members []memberRow `json:"members"`
	Leader  uint64      `json:"leader"`
	Term    uint64      `json:"term"`
	Commit  uint64      `json:"commit"`
	Pending bool        `json:"pending"`
}

type memberListCmd struct{ remote }

// Run prints a row for every member.
func (c *memberListCmd) Run(ctx context.Context, out *printer) error {
	return c.administer(ctx, func(ctx context.Context, cl *client.Client) error {
		ms, err := cl.Members(ctx)
		if err != nil {
			return err
		}
		return printMembers(out, c.JSON, ms)
	})
}

func printMembers(out *printer, asJSON bool, ms client.Members) error {
	if asJSON {
		row := membersRow{Leader: ms.Leader, Term: ms.Term, Commit: ms.Commit, Pending: ms.Pending, Members: []memberRow{}}
		for _, m := range ms.Members {
			row.Members = append(row.Members, memberRow(m))
		}
		return json.NewEncoder(out.w).Encode(row)
	}
	tw := tabwriter.NewWriter(out.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "id\trole\tleader\tlag\tpeer\tclient")
	for _, m := range ms.Members {
		leads := "-"
		if m.Leader {
			leads = "yes"
		}
		role := m.Role
		if m.NewFolder {
			role += " (its folder was made anew)"
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%d\t%s\t%s\n", m.ID, role, leads, ms.Commit-min(ms.Commit, m.Match), orDash(m.PeerAddress), orDash(m.ClientAddress))
	}
	if ms.Pending {
		fmt.Fprintln(tw, "a change is under way")
	}
	return tw.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type memberAddCmd struct {
	remote
	Learner bool              `help:"Leave them learners: they get the log and have no vote."`
	Replace []uint64          `placeholder:"ID,..." help:"Remove these when the new ones become voters, at one stroke."`
	Members map[uint64]string `arg:"" mapsep:"none" help:"ID=HOST:PORT of each, the address at which the other nodes reach it."`
}

// Run adds learners, and promotes them when they have caught up.
func (c *memberAddCmd) Run(ctx context.Context, out *printer) error {
	if c.Learner && len(c.Replace) > 0 {
		return errors.New("member add: learners replace nobody; leave out --learner or --replace")
	}
	ids := slices.Sorted(maps.Keys(c.Members))
	steps := []client.MemberChange{{Add: c.Members}}
	if !c.Learner {
		steps = append(steps, client.MemberChange{Promote: ids, Remove: c.Replace})
	}
	return c.change(ctx, out, "added "+list(ids), steps...)
}

type memberPromoteCmd struct {
	remote
	IDs []uint64 `arg:"" name:"id" help:"Learners that have caught up."`
}

// Run promotes learners.
func (c *memberPromoteCmd) Run(ctx context.Context, out *printer) error {
	return c.change(ctx, out, "promoted "+list(c.IDs), client.MemberChange{Promote: c.IDs})
}

type memberRemoveCmd struct {
	remote
	IDs []uint64 `arg:"" name:"id" help:"Members that go."`
}

// Run removes members, the leader too: it hands over.
func (c *memberRemoveCmd) Run(ctx context.Context, out *printer) error {
	return c.change(ctx, out, "removed "+list(c.IDs), client.MemberChange{Remove: c.IDs})
}

type transferCmd struct {
	remote
	To uint64 `help:"The voter that takes over; default: the one that holds most of the log."`
}

// Run hands leadership over and tells who has it then.
func (c *transferCmd) Run(ctx context.Context, out *printer) error {
	return c.administer(ctx, func(ctx context.Context, cl *client.Client) error {
		leader, err := cl.TransferLeader(ctx, c.To)
		if err != nil {
			return err
		}
		if c.To != 0 && leader != c.To {
			return fmt.Errorf("transfer: node %d took over, not node %d; ask again", leader, c.To)
		}
		return out.result(c.JSON, map[string]any{"leader": leader}, fmt.Sprintf("node %d leads", leader))
	})
}

// change carries out the steps one after the other.
func (r *remote) change(ctx context.Context, out *printer, text string, steps ...client.MemberChange) error {
	return r.administer(ctx, func(ctx context.Context, cl *client.Client) error {
		changed := false
		for i, step := range steps {
			did, err := cl.ChangeMembers(ctx, step)
			if i > 0 && err != nil {
				return leftLearners(step.Promote, err)
			}
			if err != nil {
				return err
			}
			changed = changed || did
		}
		if !changed {
			text = "nothing to do: it is so already"
		}
		return out.result(r.JSON, map[string]any{"done": true, "changed": changed}, text)
	})
}

// leftLearners tells of new members that were not promoted: they stay learners
// until somebody goes on or takes them back.
func leftLearners(ids []uint64, err error) error {
	are, they := "is a learner and stays one", "it"
	if len(ids) > 1 {
		are, they = "are learners and stay so", "them"
	}
	args := strings.ReplaceAll(list(ids), ",", "")
	return advised{
		fmt.Errorf("member add: %s %s, without a vote: %w", list(ids), are, err),
		fmt.Sprintf("see that the leader reaches %s, then raftkv member promote %s; or take %s back with raftkv member remove %s", they, args, they, args),
	}
}

// administer is with, for what is no write: where the outcome is unknown there is
// no key to read.
func (r *remote) administer(ctx context.Context, f func(context.Context, *client.Client) error) error {
	err := r.with(ctx, f)
	if _, ok := errors.AsType[advised](err); !ok && errors.Is(err, client.ErrUnknown) {
		err = advised{err, "raftkv member list shows what became of it"}
	}
	return err
}

func list(ids []uint64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprint(id)
	}
	return strings.Join(parts, ", ")
}
