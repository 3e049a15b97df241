package workload

import (
	"context"
	"time"

	"raftkv/client"
	"raftkv/history"
)

// remote is a Store over the client library.
type remote struct {
	c *client.Client
}

// Dial is the Dialer for a real cluster. It connects lazily.
func Dial(addresses []string, pinned bool) (Store, error) {
	cfg := client.Config{
		Nodes:          addresses,
		OnlyNodes:      true, // proxies, which must not be passed by
		RequestTimeout: timeoutRoaming,
		AttemptTimeout: timeoutRoaming / 3,
		DialTimeout:    timeoutRoaming / 3,
	}
	if pinned {
		cfg.NoSession = true
		cfg.RequestTimeout, cfg.AttemptTimeout, cfg.DialTimeout = timeoutPinned, timeoutPinned, timeoutPinned
	}
	c, err := client.New(cfg)
	if err != nil {
		return nil, err
	}
	return remote{c: c}, nil
}

func (s remote) Get(ctx context.Context, key string) (history.Value, error) {
	v, found, err := s.c.Get(ctx, key)
	return value(found, v), err
}

func (s remote) GetStale(ctx context.Context, key string) (history.Value, error) {
	v, found, err := s.c.Get(ctx, key, client.Stale())
	return value(found, v), err
}

func (s remote) GetWithin(ctx context.Context, key string, maxAge time.Duration) (history.Value, error) {
	v, found, err := s.c.Get(ctx, key, client.StaleWithin(maxAge))
	return value(found, v), err
}

func (s remote) Put(ctx context.Context, key, v string) error {
	return s.c.Put(ctx, key, []byte(v))
}

func (s remote) Delete(ctx context.Context, key string) (bool, error) {
	return s.c.Delete(ctx, key)
}

func (s remote) CAS(ctx context.Context, key string, expect history.Value, v string) (bool, history.Value, error) {
	e := client.Expect{Absent: !expect.Present, Value: []byte(expect.Data)}
	res, err := s.c.CompareAndSwap(ctx, key, e, []byte(v))
	return res.Swapped, value(res.Found, res.Actual), err
}

func (s remote) Close() error { return s.c.Close() }

func value(found bool, data []byte) history.Value {
	if !found {
		return history.Value{}
	}
	return history.Value{Present: true, Data: string(data)}
}
