package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"raftkv/client"
)

// defaultOperations is how many bench makes when neither count nor time is given.
const defaultOperations = 10_000

type benchCmd struct {
	remote
	N           int           `name:"n" help:"Operations in all; default 10000, or no end with --duration."`
	Duration    time.Duration `help:"Stop after this long."`
	Clients     int           `default:"256" help:"Operations in flight at once (${default})."`
	Connections int           `default:"1" help:"Clients proper, which share the operations (${default})."`
	ValueSize   int           `default:"256" help:"Bytes a value (${default})."`
	Keys        int           `default:"1000" help:"Keys to spread over (${default})."`
	ReadShare   float64       `default:"0" help:"Share of reads, from 0 to 1 (${default})."`
}

// Validate is called by kong.
func (c *benchCmd) Validate() error {
	switch {
	case c.N < 0 || c.Duration < 0 || c.ValueSize < 0:
		return errors.New("--n, --duration and --value-size must not be negative")
	case c.Clients < 1 || c.Connections < 1 || c.Keys < 1:
		return errors.New("--clients, --connections and --keys must be 1 or more")
	case c.ReadShare < 0 || c.ReadShare > 1:
		return errors.New("--read-share must lie between 0 and 1")
	}
	return nil
}

// Run makes the operations and prints what they took. It fails if any failed.
func (c *benchCmd) Run(ctx context.Context, out *printer) error {
	clients, err := c.connectAll()
	if err != nil {
		return err
	}
	defer closeAll(clients)
	if err := c.warmUp(ctx, clients); err != nil {
		return err
	}
	res := newBenchResult()
	start := time.Now()
	c.drive(ctx, clients, res)
	res.elapsed = time.Since(start)
	if err := res.print(out, c.JSON); err != nil {
		return err
	}
	return res.err()
}

func (c *benchCmd) connectAll() ([]*client.Client, error) {
	var cs []*client.Client
	for range c.Connections {
		cl, err := c.connect()
		if err != nil {
			closeAll(cs)
			return nil, err
		}
		cs = append(cs, cl)
	}
	return cs, nil
}

func closeAll(cs []*client.Client) {
	for _, cl := range cs {
		_ = cl.Close() // its only error is a second Close
	}
}

// warmUp finds the leader and opens the sessions, which is not what a
// measurement is after. Deleting a key that does not exist leaves no trace.
func (c *benchCmd) warmUp(ctx context.Context, clients []*client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	for _, cl := range clients {
		if _, err := cl.Delete(ctx, "bench/no-such-key"); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	return nil
}

// drive runs the workers until the count is used up, the time is over, or ctx
// ends.
func (c *benchCmd) drive(ctx context.Context, clients []*client.Client, res *benchResult) {
	left := c.budget()
	workers := int(min(int64(c.Clients), left.Load()))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if c.Duration > 0 {
		defer time.AfterFunc(c.Duration, stop).Stop()
	}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { c.work(ctx, clients[i%len(clients)], left, res) })
	}
	wg.Wait()
}

func (c *benchCmd) budget() *atomic.Int64 {
	var left atomic.Int64
	switch {
	case c.N > 0:
		left.Store(int64(c.N))
	case c.Duration > 0:
		left.Store(1 << 62)
	default:
		left.Store(defaultOperations)
	}
	return &left
}

// work makes one operation after another. The end of the time only stops it
// from beginning another, so that none counts as failed for that.
func (c *benchCmd) work(ctx context.Context, cl *client.Client, left *atomic.Int64, res *benchResult) {
	value := randomText(c.ValueSize)
	for ctx.Err() == nil && left.Add(-1) >= 0 {
		key := fmt.Sprintf("bench/%06d", rand.IntN(c.Keys))
		start := time.Now()
		if rand.Float64() < c.ReadShare {
			_, _, err := cl.Get(context.Background(), key)
			res.reads.add(time.Since(start), err)
		} else {
			err := cl.Put(context.Background(), key, value)
			res.writes.add(time.Since(start), err)
		}
	}
}

// randomText returns n bytes that a terminal can show and a compressor cannot
// shrink by much.
func randomText(n int) []byte {
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return b
}
