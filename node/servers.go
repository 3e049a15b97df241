package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/node/peer"
	"raftkv/node/snapshot"
	"raftkv/raft"
)

// stopTimeout bounds how long calls under way may hold up the end.
const stopTimeout = 2 * time.Second

// greetTimeout bounds how long a connection may take to say its first words.
// Stopping waits for those that have not: with gRPC's own two minutes, a peer
// that dials over a link which holds its bytes would hold up the end as long.
const greetTimeout = 3 * time.Second

// serve opens the three faces on their listeners.
func (n *Node) serve(ls listeners) {
	n.clients = n.clientServer()
	n.peers = grpc.NewServer(append(peer.ServerOptions(), grpc.ConnectionTimeout(greetTimeout))...)
	peer.Register(n.peers, n.config.Cluster, n.loop.self, handler{n})
	n.admin = &http.Server{Handler: n.adminHandler(), ReadHeaderTimeout: 5 * time.Second}
	n.wg.Go(func() { n.ended("clients", n.clients.Serve(ls.client)) })
	n.wg.Go(func() { n.ended("peers", n.peers.Serve(ls.peer)) })
	n.wg.Go(func() { n.ended("admin", n.admin.Serve(ls.admin)) })
	n.wg.Go(n.watchHealth)
}

func (n *Node) clientServer() *grpc.Server {
	s := grpc.NewServer(
		grpc.ConnectionTimeout(greetTimeout),
		grpc.MaxRecvMsgSize(api.MaxMessageBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: api.KeepaliveTime, Timeout: api.KeepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: api.KeepaliveMinTime, PermitWithoutStream: true}),
	)
	n.health = health.NewServer()
	n.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING) // until watchHealth knows
	svc := &service{node: n}
	apiv1.RegisterKVServer(s, svc)
	apiv1.RegisterStatusServer(s, svc)
	apiv1.RegisterAdminServer(s, &adminService{node: n})
	apiv1.RegisterBackupServer(s, &backups{node: n, stall: backupStall})
	healthpb.RegisterHealthServer(s, n.health)
	reflection.Register(s)
	return s
}

// ended says so when a port closed although nobody asked for it.
func (n *Node) ended(face string, err error) {
	if err != nil && !errors.Is(err, grpc.ErrServerStopped) && !errors.Is(err, http.ErrServerClosed) {
		n.log.Error("a port has closed", "port", face, "error", err)
	}
}

func stopServers(n *Node) {
	timer := time.AfterFunc(stopTimeout, n.clients.Stop)
	n.clients.GracefulStop()
	timer.Stop()
	n.peers.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_ = n.admin.Shutdown(ctx) // late readers are cut off
}

// handler is the node as its peers see it.
type handler struct{ n *Node }

// Met remembers where clients and peers reach a peer.
func (h handler) Met(from uint64, clientAddress, peerAddress string) {
	h.n.loop.addresses.learn(from, clientAddress)
	h.n.loop.events.put(func(l *loop) { l.members.met(from, peerAddress) })
}

// Left notes that a peer's stream has ended.
func (h handler) Left(from uint64) {
	h.n.loop.events.put(func(l *loop) { l.members.left(from) })
}

// Receive queues messages for the loop; when it is far behind they are dropped.
func (h handler) Receive(ms []raft.Message) {
	if !h.n.loop.messages.offer(inboxMessages, ms...) {
		h.n.log.Warn("dropped messages: the loop is behind", "count", len(ms))
	}
}

// Compare lets the loop compare a peer's state with this node's.
func (h handler) Compare(from uint64, d peer.Digest) {
	h.n.loop.events.put(func(l *loop) { l.heard(from, d) })
}

// Corrupt counts a frame that was changed on its way.
func (h handler) Corrupt(from uint64, err error) { h.n.corrupt.peer(from, err) }

// ReceiveSnapshot opens a file for the snapshot that m announces. A node that has
// just joined takes none before its term is on disk: a folder with a snapshot and
// no term is one whose log was taken away, and would be refused after a crash.
func (h handler) ReceiveSnapshot(m raft.Message, held int64) (peer.Incoming, error) {
	if !h.n.loop.promised.Load() {
		return nil, fmt.Errorf("%w: no term is on disk yet", ErrNotReady)
	}
	open := h.n.folder.snapshots.Receive
	if held > 0 {
		h.n.log.Info("a snapshot goes on where it broke off", "from", m.From, "index", m.Snapshot.Index, "held", held)
		open = func(m raft.SnapshotMeta) (*snapshot.Incoming, error) {
			return h.n.folder.snapshots.Resume(m, held)
		}
	}
	in, err := open(*m.Snapshot)
	return incoming{in}, err
}

// HeldSnapshot tells what is left of a transfer that broke off.
func (h handler) HeldSnapshot(m raft.Message) int64 { return h.n.folder.snapshots.Held(*m.Snapshot) }

// logger makes the log that the flags describe.
func (c *Config) logger() *slog.Logger {
	if c.Logger != nil {
		return c.Logger
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked by the flag's enum; otherwise info
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, o)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(os.Stderr, o)
	}
	return slog.New(h).With("node", c.ID)
}
