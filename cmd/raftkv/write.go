package main

import (
	"context"
	"errors"
	"fmt"

	"raftkv/client"
)

type putCmd struct {
	remote
	Key   string `required:"" help:"The key."`
	Value string `required:"" help:"Its new value."`
}

// Run sets the key.
func (c *putCmd) Run(ctx context.Context, out *printer) error {
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		if err := cl.Put(ctx, c.Key, []byte(c.Value)); err != nil {
			return err
		}
		return out.result(c.JSON, map[string]any{"key": c.Key, "done": true}, "ok")
	})
}

type deleteCmd struct {
	remote
	Key string `required:"" help:"The key."`
}

// Run removes the key. That there was none is a result, not an error.
func (c *deleteCmd) Run(ctx context.Context, out *printer) error {
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		found, err := cl.Delete(ctx, c.Key)
		if err != nil {
			return err
		}
		text := "deleted"
		if !found {
			text = "there was no such key"
		}
		return out.result(c.JSON, map[string]any{"key": c.Key, "found": found}, text)
	})
}

type casCmd struct {
	remote
	Key          string  `required:"" help:"The key."`
	Expect       *string `xor:"expect" required:"" help:"The value it must hold."`
	ExpectAbsent bool    `xor:"expect" required:"" help:"It must not exist."`
	Value        string  `required:"" help:"Its new value."`
}

// casResult is cas's JSON.
type casResult struct {
	Key     string `json:"key"`
	Swapped bool   `json:"swapped"`
	Found   bool   `json:"found"`
	jsonValue
}

// Run swaps, or tells what the key held instead, with the exit code for a
// write that was not done.
func (c *casCmd) Run(ctx context.Context, out *printer) error {
	expect := client.Expect{Absent: c.ExpectAbsent}
	if c.Expect != nil {
		expect.Value = []byte(*c.Expect)
	}
	return c.with(ctx, func(ctx context.Context, cl *client.Client) error {
		r, err := cl.CompareAndSwap(ctx, c.Key, expect, []byte(c.Value))
		if err != nil {
			return err
		}
		err = out.result(c.JSON, newCASResult(c.Key, r), casText(r))
		if !r.Swapped {
			err = errors.Join(err, errSaid)
		}
		return err
	})
}

func newCASResult(key string, r client.CASResult) casResult {
	j := casResult{Key: key, Swapped: r.Swapped, Found: r.Found}
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
