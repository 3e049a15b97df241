package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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
	keyFlags
	Raw bool `help:"Print the value's bytes and nothing else: no line end is added."`
}

// Validate is called by kong.
func (c *getCmd) Validate() error {
	if c.Raw && c.JSON {
		return errors.New("--raw and --json can't be used together")
	}
	return nil
}

// getResult is get's JSON.
type getResult struct {
	jsonKey
	Found bool `json:"found"`
	jsonValue
}

// Run prints the value, or fails with the exit code for a missing key.
func (c *getCmd) Run(ctx context.Context, out *printer) error {
	key, err := c.key(out)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		v, found, err := cl.Get(ctx, key, c.options()...)
		if err != nil {
			return err
		}
		return c.print(out, key, v, found)
	})
}

func (c *getCmd) print(out *printer, key string, v []byte, found bool) (err error) {
	switch {
	case found && c.Raw:
		_, err = out.w.Write(v)
		return err
	case found:
		return out.result(c.JSON, getResult{newJSONKey(key), true, newJSONValue(v)}, string(v))
	case c.JSON:
		err = out.result(true, getResult{jsonKey: newJSONKey(key)}, "")
	}
	if err == nil {
		err = fmt.Errorf("get %.64q: %w", key, errNotFound)
	}
	return err
}

type listCmd struct {
	remote
	reading
	Prefix string `help:"Only keys that begin so."`
	After  string `help:"Only keys behind this one."`
	Limit  int    `default:"100" help:"At most this many (${default}); 0: all."`
	Null   bool   `help:"Print keys only, as they are, each with a NUL byte behind it: for xargs -0."`
}

// Validate is called by kong.
func (c *listCmd) Validate() error {
	if c.Null && c.JSON {
		return errors.New("--null and --json can't be used together")
	}
	if c.Limit < 0 {
		return fmt.Errorf("--limit must be 0 (all) or more, not %d", c.Limit)
	}
	return nil
}

// listPair is a pair in list's JSON.
type listPair struct {
	jsonKey
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
			if !page.More || len(page.Pairs) == 0 || out.unread() || (c.Limit > 0 && left <= 0) {
				return nil
			}
			left = max(left, 0)
			after = page.Pairs[len(page.Pairs)-1].Key
		}
	})
}

func (c *listCmd) print(out *printer, page client.Page) error {
	for _, kv := range page.Pairs {
		if err := c.printPair(out, kv); err != nil {
			return err
		}
	}
	return nil
}

func (c *listCmd) printPair(out *printer, kv client.KeyValue) error {
	if !c.Null {
		text := printable(kv.Key) + "\t" + printable(string(kv.Value))
		return out.result(c.JSON, listPair{newJSONKey(kv.Key), newJSONValue(kv.Value)}, text)
	}
	s, err := nullEnded(kv.Key)
	if err == nil {
		_, err = io.WriteString(out.w, s)
	}
	return err
}
