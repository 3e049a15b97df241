package client

import (
	"context"
	"fmt"

	apiv1 "raftkv/client/api/v1"
)

// Get returns the value of key, and whether it exists. Unless asked for a
// stale answer, by Stale or StaleWithin, it sees every write that was acknowledged before it began.
func (c *Client) Get(ctx context.Context, key string, opts ...ReadOption) ([]byte, bool, error) {
	o := newReadOptions(opts)
	resp, err := c.read(ctx, operation{"get", key, len(key)}, o, &apiv1.Request{
		Op: &apiv1.Request_Get{Get: &apiv1.GetRequest{Key: []byte(key), Stale: o.stale, MaxStalenessMs: o.maxStaleness()}},
	})
	return resp.GetGet().GetValue(), resp.GetGet().GetFound(), err
}

// List returns up to limit pairs whose keys begin with prefix and come behind
// after. A limit of 0 leaves it to the server, which may always send fewer.
func (c *Client) List(
	ctx context.Context, prefix string, limit int, after string, opts ...ReadOption,
) (Page, error) {
	o := newReadOptions(opts)
	resp, err := c.read(ctx, operation{"list", prefix, len(prefix) + len(after)}, o, &apiv1.Request{
		Op: &apiv1.Request_List{List: &apiv1.ListRequest{
			Prefix: []byte(prefix), Limit: uint32(max(limit, 0)), After: []byte(after),
			Stale: o.stale, MaxStalenessMs: o.maxStaleness(),
		}},
	})
	return newPage(resp.GetList()), err
}

func newPage(l *apiv1.ListResponse) Page {
	p := Page{More: l.GetMore()}
	for _, kv := range l.GetPairs() {
		p.Pairs = append(p.Pairs, KeyValue{Key: string(kv.GetKey()), Value: kv.GetValue()})
	}
	return p
}

func (c *Client) read(
	ctx context.Context, op operation, o readOptions, req *apiv1.Request,
) (*apiv1.Response, error) {
	if err := op.check(); err != nil {
		return nil, err
	}
	a := &attempts{op: op, req: req, read: true}
	if o.at != "" {
		if a.only = c.router.byAddress(o.at); a.only == nil {
			return nil, notDone(op.String(), fmt.Errorf("%w: %q is not one of the client's nodes", ErrBadRequest, o.at))
		}
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	return c.run(ctx, a)
}
