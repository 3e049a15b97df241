package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"raftkv/node/offline"
)

// errDamaged: an inspection found damage, and has printed where.
var errDamaged = errors.New("damage was found")

type snapshotCmd struct {
	Inspect snapshotInspectCmd `cmd:"" help:"Show what the snapshots of a stopped node, or one file, hold, and whether they are whole."`
	Save    snapshotSaveCmd    `cmd:"" help:"Copy the newest snapshot of a stopped node to one file. Later writes are not in it: see backup."`
	Restore snapshotRestoreCmd `cmd:"" help:"Build the data folder of one member of a new cluster from a saved file or a backup."`
}

type snapshotInspectCmd struct {
	DataDir string `xor:"what" required:"" env:"RAFTKV_DATA_DIR" placeholder:"DIR" help:"A stopped node's data folder."`
	File    string `xor:"what" required:"" help:"A saved file or a backup."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run changes nothing. It fails if anything is damaged, after printing it all.
func (c *snapshotInspectCmd) Run(out *printer) error {
	all, err := c.inspect()
	if err != nil {
		return err
	}
	if c.JSON {
		err = out.result(true, all, "")
	} else {
		err = printSnapshots(out.w, all)
	}
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Damage != "" {
			return fmt.Errorf("%s: %w", s.Path, errDamaged)
		}
	}
	return nil
}

func (c *snapshotInspectCmd) inspect() ([]offline.Snapshot, error) {
	if c.File == "" {
		return offline.Snapshots(c.DataDir)
	}
	s, err := offline.InspectFile(c.File)
	return []offline.Snapshot{s}, err
}

func printSnapshots(w io.Writer, all []offline.Snapshot) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no snapshots")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "index\tterm\tcluster\tvoters\tbytes\tkeys\tsessions\tchecksum\tfile")
	for _, s := range all {
		sum := "ok"
		if s.Damage != "" {
			sum = s.Damage
		}
		fmt.Fprintf(tw, "%d\t%d\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", s.Index, s.Term, s.Cluster, ids(s.Voters),
			s.Bytes, s.Keys, s.Sessions, sum, s.Path)
	}
	return tw.Flush()
}

func ids(ns []uint64) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(ns), " ", ","), "[]") }

type snapshotSaveCmd struct {
	DataDir string `required:"" env:"RAFTKV_DATA_DIR" placeholder:"DIR" help:"The stopped node's data folder."`
	To      string `required:"" placeholder:"FILE" help:"The file to make; it must not exist."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run saves the newest snapshot, once it is found whole.
func (c *snapshotSaveCmd) Run(out *printer) error {
	s, err := offline.Save(c.DataDir, c.To)
	if err != nil {
		return err
	}
	return out.result(c.JSON, s, saved(s))
}

func saved(s offline.Snapshot) string {
	return fmt.Sprintf("saved index %d, term %d, %d keys, %d bytes to %s", s.Index, s.Term, s.Keys, s.Bytes, s.Path)
}

type snapshotRestoreCmd struct {
	File    string   `required:"" help:"The saved file or backup."`
	DataDir string   `required:"" placeholder:"DIR" help:"The folder to build; it must be absent or empty."`
	Cluster string   `required:"" help:"Name of the new cluster; not that of the old one."`
	ID      uint64   `required:"" help:"Which of the members the folder is for."`
	Members []uint64 `required:"" placeholder:"ID,..." help:"Ids of all members of the new cluster."`
	JSON    bool     `name:"json" help:"Print JSON."`
}

// Run builds the folder and says what has to follow.
func (c *snapshotRestoreCmd) Run(out *printer) error {
	s, err := offline.Restore(c.File, offline.NewNode{
		DataDir: c.DataDir, Cluster: c.Cluster, ID: c.ID, Members: c.Members,
	})
	if err != nil {
		return err
	}
	return out.result(c.JSON, s, fmt.Sprintf(
		"restored index %d, %d keys, for node %d of cluster %s; restore every member before starting any",
		s.Index, s.Keys, c.ID, c.Cluster))
}
