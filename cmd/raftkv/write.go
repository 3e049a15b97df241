package main

import (
	"context"
	"errors"
	"fmt"

	"raftkv/client"
)

type putCmd struct {
	remote
	keyFlags
	valueFlags
}

// putResult is put's JSON.
type putResult struct {
	Done bool `json:"done"`
	jsonKey
}

// Validate is called by kong.
func (c *putCmd) Validate() error { return oneStdin(c.KeyFile, c.ValueFile) }

// Run sets the key.
func (c *putCmd) Run(ctx context.Context, out *printer) error {
	key, err := c.key(out)
	if err != nil {
		return err
	}
	value, err := c.value(out)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		if err := cl.Put(ctx, key, value); err != nil {
			return err
		}
		return out.result(c.JSON, putResult{true, newJSONKey(key)}, "ok")
	})
}

type deleteCmd struct {
	remote
	keyFlags
}

// deleteResult is delete's JSON.
type deleteResult struct {
	Found bool `json:"found"`
	jsonKey
}

// Run removes the key. That there was none is a result, not an error.
func (c *deleteCmd) Run(ctx context.Context, out *printer) error {
	key, err := c.key(out)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		found, err := cl.Delete(ctx, key)
		if err != nil {
			return err
		}
		text := "deleted"
		if !found {
			text = "there was no such key"
		}
		return out.result(c.JSON, deleteResult{found, newJSONKey(key)}, text)
	})
}

type casCmd struct {
	remote
	keyFlags
	Expect       *string `xor:"expect" required:"" help:"The value it must hold."`
	ExpectFile   string  `xor:"expect" required:"" placeholder:"FILE" help:"Take that value from this file, byte for byte; -: from standard input."`
	ExpectAbsent bool    `xor:"expect" required:"" help:"It must not exist."`
	valueFlags
}

// Validate is called by kong.
func (c *casCmd) Validate() error { return oneStdin(c.KeyFile, c.ExpectFile, c.ValueFile) }

// casResult is cas's JSON.
type casResult struct {
	jsonKey
	Swapped bool `json:"swapped"`
	Found   bool `json:"found"`
	jsonValue
}

// Run swaps, or tells what the key held instead, with the exit code for a
// write that was not done.
func (c *casCmd) Run(ctx context.Context, out *printer) error {
	key, expect, value, err := c.read(out)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		r, err := cl.CompareAndSwap(ctx, key, expect, value)
		if err != nil {
			return err
		}
		err = out.result(c.JSON, newCASResult(key, r), casText(r))
		if !r.Swapped {
			err = errors.Join(err, errSaid)
		}
		return err
	})
}

// read gathers what the flags give or name.
func (c *casCmd) read(out *printer) (key string, expect client.Expect, value []byte, err error) {
	if key, err = c.key(out); err != nil {
		return key, expect, nil, err
	}
	if expect.Absent = c.ExpectAbsent; !expect.Absent {
		if expect.Value, err = out.bytes(c.Expect, c.ExpectFile); err != nil {
			return key, expect, nil, err
		}
	}
	value, err = c.value(out)
	return key, expect, value, err
}

func newCASResult(key string, r client.CASResult) casResult {
	j := casResult{jsonKey: newJSONKey(key), Swapped: r.Swapped, Found: r.Found}
	if r.Found {
		j.jsonValue = newJSONValue(r.Actual)
	}
	return j
}

func casText(r client.CASResult) string {
	switch {
	case r.Swapped:
		return "swapped"
	case r.Found:
		return fmt.Sprintf("not swapped: the key holds %q", r.Actual)
	}
	return "not swapped: there is no such key"
}
