package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"raftkv/client"
)

// reading are the flags of reads.
type reading struct {
	Stale        bool          `xor:"stale" help:"Take any node's own state at once; it may lie in the past."`
	MaxStaleness time.Duration `xor:"stale" placeholder:"DURATION" help:"Take an answer that lies in the past, but by no more than this; the node refuses if it cannot tell."`
}

func (r reading) options() []client.ReadOption {
	switch {
	case r.Stale:
		return []client.ReadOption{client.Stale()}
	case r.MaxStaleness > 0:
		return []client.ReadOption{client.StaleWithin(r.MaxStaleness)}
	}
	return nil
}

type getCmd struct {
	remote
	reading
	Key string `required:"" help:"The key."`
}

// getResult is get's JSON.
type getResult struct {
	Key   string `json:"key"`
	Found bool   `json:"found"`
	jsonValue
}

// Run prints the value, or fails with the exit code for a missing key.
func (c *getCmd) Run(ctx context.Context, out *printer) error {
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		v, found, err := cl.Get(ctx, c.Key, c.options()...)
		switch {
		case err != nil:
			return err
		case found:
			return out.result(c.JSON, getResult{c.Key, true, newJSONValue(v)}, string(v))
		case c.JSON:
			err = out.result(true, getResult{Key: c.Key}, "")
		}
		if err == nil {
			err = fmt.Errorf("get %.64q: %w", c.Key, errNotFound)
		}
		return err
	})
}

type listCmd struct {
	remote
	reading
	Prefix string `help:"Only keys that begin so."`
	After  string `help:"Only keys behind this one."`
	Limit  int    `default:"100" help:"At most this many (${default}); 0: all."`
}

// Validate is called by kong.
func (c *listCmd) Validate() error {
	if c.Limit < 0 {
		return fmt.Errorf("--limit must be 0 (all) or more, not %d", c.Limit)
	}
	return nil
}

// listPair is a pair in list's JSON.
type listPair struct {
	Key string `json:"key"`
	jsonValue
}

// Run prints the pairs, one a line. It takes as many pages as it needs, so a
// long listing is not one view of the store at one moment.
func (c *listCmd) Run(ctx context.Context, out *printer) error {
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		after := c.After
		for left := c.Limit; ; {
			page, err := cl.List(ctx, c.Prefix, left, after, c.options()...)
			if err != nil {
				return err
			}
			if err := c.print(out, page); err != nil {
				return err
			}
			left -= len(page.Pairs)
			if !page.More || len(page.Pairs) == 0 || (c.Limit > 0 && left <= 0) {
				return nil
			}
			left = max(left, 0)
			after = page.Pairs[len(page.Pairs)-1].Key
		}
	})
}

func (c *listCmd) print(out *printer, page client.Page) error {
	for _, kv := range page.Pairs {
		text := printable(kv.Key) + "\t" + printable(string(kv.Value))
		if err := out.result(c.JSON, listPair{kv.Key, newJSONValue(kv.Value)}, text); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps a pair on its line: what is not plain text is quoted.
func printable(s string) string {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}
