package main

import (
	"context"
	"io"

	"raftkv/node/offline"
)

type backupCmd struct {
	remote
	To string `required:"" placeholder:"FILE" help:"The file to make; it must not exist."`
}

// Run takes a backup, which may last: --timeout bounds only the silence of a node,
// half as long again until it begins. The file gets its name once all of it arrived
// and was found whole.
func (c *backupCmd) Run(ctx context.Context, out *printer) error {
	cl, err := c.connect()
	if err != nil {
		return err
	}
	defer func() { _ = cl.Close() }() // its only error is a second Close
	s, err := offline.WriteFile(c.To, func(w io.Writer) error {
		_, err := cl.Backup(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	return out.result(c.JSON, s, saved(s))
}
