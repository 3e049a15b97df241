package node

import (
	"context"
	"log/slog"
	"time"

	"raftkv/node/snapshot"
	"raftkv/raft/boltstore"
)

const (
	// scrubRate bounds the bytes that a scrub reads in a second: the disk is the
	// clients'.
	scrubRate = 4 << 20
	// scrubChunk is read at once, between two pauses.
	scrubChunk = 256 << 10
)

// scrubber reads the log and the newest snapshot back once in a while: damage
// to what is hardly ever read would otherwise be found when it is needed, and
// perhaps on several nodes by then.
type scrubber struct {
	log       *boltstore.Store
	snapshots *snapshot.Dir
	interval  time.Duration
	logger    *slog.Logger
	// damaged is told of the first damage, and the scrub ends.
	damaged func(error)
}

// run scrubs until ctx ends or something is damaged.
func (s *scrubber) run(ctx context.Context) {
	for pause(ctx, s.interval) == nil {
		err := s.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case repairable(err):
			s.damaged(err)
			return
		case err != nil:
			s.logger.Warn("could not scrub the data folder", "error", err)
		}
	}
}

// round reads everything once.
func (s *scrubber) round(ctx context.Context) error {
	for from := uint64(1); from != 0; {
		next, read, err := s.log.Scrub(from, scrubChunk)
		if err != nil {
			return err
		}
		if err := s.pace(ctx, read); err != nil {
			return err
		}
		from = next
	}
	return s.snapshots.Scrub(func(bytes int) error { return s.pace(ctx, bytes) })
}

func (s *scrubber) pace(ctx context.Context, bytes int) error {
	return pause(ctx, time.Duration(bytes)*time.Second/scrubRate)
}

// pause waits, or returns ctx's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// scrubber of the node's own folder.
func (n *Node) scrubber() *scrubber {
	return &scrubber{
		log: n.folder.log, snapshots: n.folder.snapshots, interval: n.config.ScrubInterval, logger: n.log,
		damaged: func(err error) {
			n.metrics.damage.Inc()
			n.log.Error("ALARM: damaged files found by the scrub", "error", err)
			n.loop.events.put(func(l *loop) { l.damaged(err) })
		},
	}
}

// damaged ends the node, so that its next start repairs it; memory holds
// everything still, so a node that is alone goes on: nobody could repair it. Who
// is alone, the membership says, not the flags.
func (l *loop) damaged(err error) {
	if !l.raft.Alone() {
		l.fail(err)
	}
}
