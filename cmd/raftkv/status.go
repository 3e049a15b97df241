package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"raftkv/client"
)

type statusCmd struct{ remote }

// statusRow is one node in status's JSON.
type statusRow struct {
	ID            uint64 `json:"id"`
	Address       string `json:"address"`
	Role          string `json:"role"`
	Term          uint64 `json:"term"`
	Commit        uint64 `json:"commit"`
	Applied       uint64 `json:"applied"`
	LastIndex     uint64 `json:"last_index"`
	SnapshotIndex uint64 `json:"snapshot_index"`
	Lag           uint64 `json:"lag"`
	Leader        uint64 `json:"leader"`
	LeaderAddress string `json:"leader_address,omitempty"`
	Keys          uint64 `json:"keys"`
	Sessions      uint64 `json:"sessions"`
	Cluster       string `json:"cluster"`
	Version       string `json:"version"`
	Error         string `json:"error,omitempty"`
}

// Run prints a row for every node; one that does not answer has a row that
// says so. It fails when none answers, and when none that does knows a leader.
func (c *statusCmd) Run(ctx context.Context, out *printer) error {
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		all := cl.StatusAll(ctx)
		if err := c.print(out.w, all); err != nil {
			return err
		}
		return health(all)
	})
}

// health is what status's exit code says: whether a leader is known.
func health(all []client.NodeStatus) error {
	err := client.ErrUnavailable
	for _, st := range all {
		switch {
		case st.Err != nil:
		case st.Leader != 0:
			return nil
		default:
			err = client.ErrNoLeader
		}
	}
	return fmt.Errorf("status: %w", err)
}

func (c *statusCmd) print(w io.Writer, all []client.NodeStatus) error {
	if !c.JSON {
		return printTable(w, all)
	}
	rows := make([]statusRow, len(all))
	for i, st := range all {
		rows[i] = newStatusRow(st)
	}
	return json.NewEncoder(w).Encode(rows)
}

func printTable(w io.Writer, all []client.NodeStatus) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "id\taddress\trole\tterm\tcommit\tapplied\tsnapshot_index\tlag\tleader")
	for _, st := range all {
		if st.Err != nil {
			fmt.Fprintf(tw, "?\t%s\tunreachable\t-\t-\t-\t-\t-\t-\n", st.Address)
			continue
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", st.ID, st.Address, st.Role,
			st.Term, st.Commit, st.Applied, st.SnapshotIndex, st.Lag, leaderName(st.Leader))
	}
	return tw.Flush()
}

func leaderName(id uint64) string {
	if id == 0 {
		return "none"
	}
	return fmt.Sprint(id)
}

func newStatusRow(st client.NodeStatus) statusRow {
	if st.Err != nil {
		reason := st.Err.Error()
		if errors.Is(st.Err, client.ErrUnavailable) {
			reason = "unreachable"
		}
		return statusRow{Address: st.Address, Role: "unreachable", Error: reason}
	}
	return statusRow{
		ID: st.ID, Address: st.Address, Role: st.Role, Term: st.Term,
		Commit: st.Commit, Applied: st.Applied, LastIndex: st.LastIndex,
		SnapshotIndex: st.SnapshotIndex, Lag: st.Lag,
		Leader: st.Leader, LeaderAddress: st.LeaderAddress,
		Keys: st.Keys, Sessions: st.Sessions, Cluster: st.Cluster, Version: st.Version,
	}
}
