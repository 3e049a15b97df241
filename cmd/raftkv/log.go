package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"raftkv/node/offline"
)

type logCmd struct {
	Inspect logInspectCmd `cmd:"" help:"Show what a stopped node's log holds, and whether it is whole."`
}

type logInspectCmd struct {
	DataDir string `required:"" env:"RAFTKV_DATA_DIR" placeholder:"DIR" help:"The stopped node's data folder."`
	From    uint64 `help:"List entries from this index on (the first)."`
	Limit   int    `default:"20" help:"List at most this many entries (${default})."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run changes nothing. It fails if anything is damaged, after printing it all.
func (c *logInspectCmd) Run(out *printer) error {
	l, err := offline.InspectLog(c.DataDir, c.From, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		err = out.result(true, l, "")
	} else {
		err = printLog(out.w, l)
	}
	if err == nil && len(l.Damage) > 0 {
		err = fmt.Errorf("%s: %w", l.Path, errDamaged)
	}
	return err
}

func printLog(w io.Writer, l offline.Log) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "file\t%s, %d bytes, format %d\n", l.Path, l.Bytes, l.Format)
	fmt.Fprintf(tw, "owner\tnode %d of cluster %s\n", l.Node, l.Cluster)
	fmt.Fprintf(tw, "founders\t%s\n", ids(l.Founders))
	fmt.Fprintf(tw, "hard state\tterm %d, vote %d\n", l.Term, l.Vote)
	fmt.Fprintf(tw, "entries\t%d, first %d, last %d\n", l.Entries, l.First, l.Last)
	fmt.Fprintf(tw, "kinds\t%s\n", counts(l.Kinds))
	fmt.Fprintf(tw, "commands\t%s\n", counts(l.Commands))
	for _, r := range l.Terms {
		fmt.Fprintf(tw, "term %d\t%d to %d\n", r.Term, r.First, r.Last)
	}
	if len(l.Damage) == 0 {
		fmt.Fprintf(tw, "checksums\tok\n")
	}
	for _, d := range l.Damage {
		fmt.Fprintf(tw, "damage\t%s\n", d)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	return printEntries(w, l.Listed)
}

func counts(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func printEntries(w io.Writer, es []offline.Entry) error {
	if len(es) == 0 {
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nindex\tterm\tkind\tbytes\tcommands")
	for _, e := range es {
		fmt.Fprintf(tw, "%d\t%d\t%s\t%d\t%s\n", e.Index, e.Term, e.Kind, e.Bytes, commands(e.Commands))
	}
	return tw.Flush()
}

// shownCommands is how many of an entry's commands fit on its line.
const shownCommands = 4

func commands(cs []offline.Command) string {
	var parts []string
	for _, c := range cs[:min(len(cs), shownCommands)] {
		parts = append(parts, strings.TrimSpace(c.Op+" "+printable(c.Key)))
	}
	if more := len(cs) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}
