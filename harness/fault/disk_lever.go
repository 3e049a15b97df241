package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
)

// diskLever puts a node's disk in trouble. There are two: the node's own FUSE
// volume, and the log store's boundary in a node built for that.
type diskLever interface {
	// make begins the trouble; the zero value ends it.
	make(ctx context.Context, id int, t disk.Trouble) error
	// shows says in words that the trouble is felt, or in an error that it is not
	// seen yet.
	shows(ctx context.Context, id int, t disk.Trouble) (string, error)
	// clear says the same of there being no trouble, after t.
	clear(ctx context.Context, id int, t disk.Trouble) (string, error)
}

// leverOf gives the cluster's lever for the node. Both missing, the error says
// why.
func leverOf(ctx context.Context, c cluster.Cluster, id int) (diskLever, error) {
	f, err := fuseOf(c)
	if err == nil {
		return f, nil
	}
	b := boundaryLever{c}
	if _, e := b.read(ctx, id); e != nil {
		return nil, fmt.Errorf("%w, and %w", err, e)
	}
	return b, nil
}

func fuseOf(c cluster.Cluster) (diskLever, error) {
	d, err := reachable(c)
	if err != nil {
		return nil, err
	}
	if _, ok := d.Volume(c.Nodes()[0]).(disk.Troubled); !ok {
		return nil, errors.New("the nodes' data is not on FUSE volumes")
	}
	return fuseLever{d}, nil
}

// troubleNeed is either lever, fuseNeed the first alone.
func troubleNeed() Need {
	return Need{Name: "disks that can be troubled", Probe: func(ctx context.Context, c cluster.Cluster) error {
		_, err := leverOf(ctx, c, c.Nodes()[0])
		return err
	}}
}

func fuseNeed() Need {
	return Need{Name: "FUSE volumes", Probe: func(_ context.Context, c cluster.Cluster) error {
		_, err := fuseOf(c)
		return err
	}}
}

// fuseLever is the node's own volume. It is tried with a file beside the data.
type fuseLever struct{ d cluster.Disked }

func (f fuseLever) volume(id int) disk.Troubled { return f.d.Volume(id).(disk.Troubled) }

func (f fuseLever) make(_ context.Context, id int, t disk.Trouble) error {
	f.volume(id).Make(t)
	return nil
}

func (f fuseLever) shows(_ context.Context, id int, t disk.Trouble) (string, error) {
	hits := f.volume(id).Hits()
	p := f.volume(id).Probe()
	seen := fmt.Sprintf("a probe wrote (%v) and synced (%v) in %s; %d calls of the node hit, the last: %s",
		said(p.WriteErr), said(p.SyncErr), p.Sync.Round(time.Millisecond), hits.Calls, said(hits.Last))
	ok := p.Sync >= t.SyncDelay &&
		(t.WriteError == 0 || errors.Is(p.WriteErr, t.WriteError)) &&
		(t.SyncError == 0 || errors.Is(p.SyncErr, t.SyncError)) &&
		hits.Calls > 0 // the node itself has to meet it, not the probe alone
	if !ok {
		return "", errors.New(seen)
	}
	return seen, nil
}

func (f fuseLever) clear(_ context.Context, id int, t disk.Trouble) (string, error) {
	p := f.volume(id).Probe()
	seen := fmt.Sprintf("a probe wrote (%v) and synced (%v) in %s", said(p.WriteErr), said(p.SyncErr), p.Sync.Round(time.Millisecond))
	if p.WriteErr != nil || p.SyncErr != nil || t.SyncDelay > 0 && p.Sync >= t.SyncDelay {
		return "", errors.New(seen)
	}
	return seen, nil
}

// said words nothing.
func said(what any) any {
	if what == nil || what == "" {
		return "–"
	}
	return what
}
