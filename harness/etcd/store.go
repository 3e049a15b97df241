package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"raftkv/client"
	"raftkv/harness/workload"
	"raftkv/history"
)

// dialTimeout bounds one try to connect.
const dialTimeout = 500 * time.Millisecond

// Dial is the workload.Dialer of etcd's own client, which reads linearizably.
func Dial(addresses []string, _ bool) (workload.Store, error) { return dial(addresses, false) }

// DialSerializable is Dial with every read answered from the asked node's own
// state: what etcd calls serializable, and nobody may take for linearizable.
func DialSerializable(addresses []string, _ bool) (workload.Store, error) {
	return dial(addresses, true)
}

// store is etcd as a workload client uses it.
type store struct {
	c            *clientv3.Client
	serializable bool
}

func dial(addresses []string, serializable bool) (workload.Store, error) {
	c, err := clientv3.New(clientv3.Config{Endpoints: addresses, DialTimeout: dialTimeout, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("open etcd's client: %w", err)
	}
	return store{c: c, serializable: serializable}, nil
}

// Get implements workload.Store.
func (s store) Get(ctx context.Context, key string) (history.Value, error) {
	if s.serializable {
		return s.GetStale(ctx, key)
	}
	return s.get(ctx, key)
}

// GetStale implements workload.Store.
func (s store) GetStale(ctx context.Context, key string) (history.Value, error) {
	return s.get(ctx, key, clientv3.WithSerializable())
}

func (s store) get(ctx context.Context, key string, opts ...clientv3.OpOption) (history.Value, error) {
	r, err := s.c.Get(ctx, key, opts...)
	if err != nil {
		return history.Value{}, kind(err)
	}
	return value((*clientv3.GetResponse)(r)), nil
}

// Put implements workload.Store.
func (s store) Put(ctx context.Context, key, v string) error {
	_, err := s.c.Put(ctx, key, v)
	return kind(err)
}

// Delete implements workload.Store.
func (s store) Delete(ctx context.Context, key string) (bool, error) {
	r, err := s.c.Delete(ctx, key)
	if err != nil {
		return false, kind(err)
	}
	return r.Deleted > 0, nil
}

// CAS implements workload.Store. Both branches read the key first: a value that
// was deleted and one that is empty are told apart by the read alone.
func (s store) CAS(ctx context.Context, key string, expect history.Value, v string) (bool, history.Value, error) {
	same := clientv3.Compare(clientv3.Value(key), "=", expect.Data)
	if !expect.Present {
		same = clientv3.Compare(clientv3.CreateRevision(key), "=", 0)
	}
	r, err := s.c.Txn(ctx).If(same).Then(clientv3.OpGet(key), clientv3.OpPut(key, v)).Else(clientv3.OpGet(key)).Commit()
	if err != nil {
		return false, history.Value{}, kind(err)
	}
	return r.Succeeded, value((*clientv3.GetResponse)(r.Responses[0].GetResponseRange())), nil
}

// Close implements workload.Store.
func (s store) Close() error { return s.c.Close() }

func value(r *clientv3.GetResponse) history.Value {
	if len(r.Kvs) == 0 {
		return history.Value{}
	}
	return history.Value{Present: true, Data: string(r.Kvs[0].Value)}
}

// refusals are the answers after which nothing was, or will be, done.
var refusals = []error{
	rpctypes.ErrTooManyRequests, rpctypes.ErrRequestTooLarge, rpctypes.ErrNoSpace, rpctypes.ErrNoLeader,
	rpctypes.ErrEmptyKey,
}

// kind marks an error after which nothing was done. All others leave the
// outcome unknown.
func kind(err error) error {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return fmt.Errorf("%w: %w", client.ErrNotDone, err)
		}
	}
	return err
}
