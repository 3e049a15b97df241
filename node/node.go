package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"raftkv/node/events"
	"raftkv/node/peer"
	"raftkv/node/snapshot"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// Node is one running member of a cluster.
type Node struct {
	config  Config
	log     *slog.Logger
	metrics *metrics
	ready   readiness
	corrupt *corruption
	gate    *gate

	loop      *loop
	disk      *disk
	machine   *machine
	folder    *recovered
	transport *peer.Transport
	events    *events.Stream // nil without --events

	greeter *peer.Greeter
	clients *grpc.Server
	peers   *grpc.Server
	admin   *http.Server
	health  *health.Server

	cancel  context.CancelFunc
	wg      sync.WaitGroup
	stopped chan struct{} // closed when the loop has ended
	// answered is closed when the workers have ended too, and with them whoever
	// could still answer a request.
	answered chan struct{}
	err      error // why; read after stopped
}

// Start recovers the data folder, opens the three ports and joins the cluster.
// The caller waits on Done and then calls Stop, or calls Stop when it likes.
// Errors are ErrConfig, those of boltstore.Open and snapshot.Dir, or of listening.
func Start(c Config) (*Node, error) {
	n, ls, err := prepare(c)
	if err != nil {
		return nil, err
	}
	n.run(ls)
	return n, nil
}

// prepare does all of Start that can fail; nothing runs yet.
func prepare(c Config) (*Node, listeners, error) {
	if err := c.Validate(); err != nil {
		return nil, listeners{}, err
	}
	n := &Node{config: c, log: c.logger(), metrics: newMetrics(), stopped: make(chan struct{}), answered: make(chan struct{})}
	ls, err := listen(&n.config)
	if err != nil {
		return nil, ls, err
	}
	n.folder, err = recoverFolder(&n.config, n.log)
	if err == nil {
		n.assemble()
		err = n.trace()
	}
	if err == nil {
		err = n.dial()
	}
	if err != nil {
		ls.close()
		n.closeFolder()
		return nil, ls, err
	}
	return n, ls, nil
}

// run opens the ports and starts the goroutines that doc.go lists.
func (n *Node) run(ls listeners) {
	n.serve(ls)
	n.launch()
	n.log.Info("serving", "clients", ls.client.Addr(), "peers", ls.peer.Addr(), "admin", ls.admin.Addr())
}

// assemble makes the loop and its workers, none running yet.
func (n *Node) assemble() {
	f := n.folder
	n.loop = newLoop(&n.config, n.log, f.engine, n.metrics)
	n.corrupt = newCorruption(n.log, n.metrics)
	events := n.loop.events
	n.disk = newDisk(f.log, n.metrics, func(jobs []diskJob, _ time.Duration, err error) {
		events.put(func(l *loop) { l.written(jobs, err) })
	})
	n.machine = newMachine(f.store, f.last.Term, n.metrics, func(a applied) {
		events.put(func(l *loop) { l.applied(a) })
	})
	n.machine.checkEvery = n.config.CheckEntries
	n.machine.compare = func(d peer.Digest) { events.put(func(l *loop) { l.compare(d) }) }
	n.loop.standing.founding = membership.NewFounding(n.config.Cluster, n.config.ID, n.config.founders(), f.log.Record())
	n.loop.standing.publish()
	n.greeter = peer.NewGreeter(n.config.Cluster, n.config.ElectionTimeout)
	n.loop.newFolders.greet = func(ctx context.Context, address string) (membership.Hello, error) {
		return n.greet(ctx, address, *n.loop.standing.public.Load())
	}
	n.loop.disk.jobs = n.disk.jobs
	n.loop.compact = n.disk.compact
	n.loop.machine = n.machine
	n.loop.snapshots = snapshots{dir: f.snapshots, last: f.last, tailEnd: f.last.Index}
	n.gate = &gate{config: &n.config, requests: n.loop.requests, metrics: n.metrics, answered: n.answered}
	n.metrics.registry.MustRegister(stateCollector{n}, limitsCollector{n}, buildInfo(n.config.Version))
}

// dial prepares the connections to the peers.
func (n *Node) dial() (err error) {
	events := n.loop.events
	n.transport, err = peer.Dial(peer.Config{
		Cluster: n.config.Cluster, ID: n.loop.self, Identity: n.loop.standing.identity, ClientAddress: n.config.clientAddress(),
		PeerAddress: n.config.peerAddress(),
		Peers:       n.loop.members.peers(n.folder.engine.Status().Conf), BackoffMax: n.config.ElectionTimeout, Logger: n.log,
		SnapshotRate: n.config.SnapshotSendRate,
		Unreachable:  func(to uint64) { events.put(func(l *loop) { l.raft.ReportUnreachable(to) }) },
		SnapshotSent: func(to uint64, ok bool) { events.put(func(l *loop) { l.raft.ReportSnapshot(to, ok) }) },
		Corrupt:      n.corrupt.peer,
		OpenSnapshot: func(m raft.Message) (io.ReadCloser, error) {
			r, _, err := n.folder.snapshots.OpenRaw(*m.Snapshot)
			return r, err
		},
	})
	n.loop.transport = n.transport
	if n.events != nil {
		n.loop.transport = votesNoted{n.transport, n.events}
	}
	return err
}

// launch starts the loop and its workers; the workers outlive the loop.
func (n *Node) launch() {
	ctx, cancel := context.WithCancel(context.Background())
	workers, stopWorkers := context.WithCancel(context.Background())
	n.cancel = cancel
	var working sync.WaitGroup
	working.Go(func() { n.disk.run(workers) })
	working.Go(func() { n.machine.run(workers) })
	if n.config.ScrubInterval > 0 {
		n.wg.Go(func() { n.scrubber().run(workers) })
	}
	n.loop.events.put((*loop).found)
	n.greetPeers(ctx)
	n.wg.Go(func() {
		n.err = n.condemn(n.loop.run(ctx))
		close(n.stopped)
		stopWorkers()
		working.Wait()
		close(n.answered)
	})
}

// Done is closed when the node has ended by itself or by Stop.
func (n *Node) Done() <-chan struct{} { return n.stopped }

// Err says why the node ended by itself; nil after Stop. Valid after Done.
func (n *Node) Err() error {
	<-n.stopped
	return n.err
}

// Leave says that the node is not ready any more and hands leadership over; it
// returns when that is done or ctx ends. Requests are still taken meanwhile, but
// for writes while leadership moves. Call Stop after it.
func (n *Node) Leave(ctx context.Context) {
	n.ready.closed.Store(true)
	n.health.Shutdown()
	n.loop.events.put(func(l *loop) { l.leave() })
	select {
	case <-n.loop.draining:
	case <-n.stopped:
	case <-ctx.Done():
	}
}

// Stop ends the node and closes its folder. What was acknowledged is on disk;
// requests under way are answered. Call it once.
func (n *Node) Stop() {
	n.ready.closed.Store(true)
	n.gate.closed.Store(true)
	n.cancel()
	<-n.stopped
	n.transport.Close()
	n.greeter.Close()
	stopServers(n)
	n.wg.Wait()
	n.loop.saver.Wait() // after the machine, which starts it
	n.closeFolder()
	n.log.Info("stopped")
}

func (n *Node) closeFolder() {
	if n.folder == nil {
		return
	}
	if err := n.events.Close(); err != nil {
		n.log.Warn("could not close the events", "error", err)
	}
	if err := n.folder.log.Close(); err != nil {
		n.log.Warn("could not close the log", "error", err)
	}
	if f := n.folder.repairing; f != nil {
		_ = f.Close()
	}
}

// listeners are the three ports.
type listeners struct{ client, peer, admin net.Listener }

// ErrListen reports a port that cannot be had.
var ErrListen = errors.New("cannot listen")

func listen(c *Config) (ls listeners, err error) {
	for _, p := range []struct {
		flag, address string
		into          *net.Listener
	}{
		{"--listen-client", c.ListenClient, &ls.client},
		{"--listen-peer", c.ListenPeer, &ls.peer},
		{"--listen-admin", c.ListenAdmin, &ls.admin},
	} {
		if *p.into, err = net.Listen("tcp", p.address); err != nil {
			ls.close()
			return ls, fmt.Errorf("%w on %s (%s): %w", ErrListen, p.address, p.flag, err)
		}
	}
	return ls, nil
}

func (ls listeners) close() {
	for _, l := range []net.Listener{ls.client, ls.peer, ls.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
}

var _ peer.Incoming = incoming{}

// incoming adapts a snapshot being received to the peer wire.
type incoming struct{ *snapshot.Incoming }

// Commit makes the received file durable.
func (in incoming) Commit() error {
	_, err := in.Incoming.Commit()
	return err
}

// Abort forgets what was received.
func (in incoming) Abort() { _ = in.Incoming.Abort() }
