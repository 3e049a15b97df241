package node

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"time"

	"raftkv/raft/membership"
)

// ErrConfig reports settings that no node can run with.
var ErrConfig = errors.New("bad configuration")

// tick is the engine's unit of time. Timeouts are rounded to it.
const tick = 10 * time.Millisecond

// Config is everything a node is told from outside. The tags name each flag,
// its environment variable and its default; they are the only place for these.
type Config struct {
	ID       uint64            `required:"" env:"RAFTKV_ID" help:"This node's id, from 1."`
	Cluster  string            `default:"raftkv" env:"RAFTKV_CLUSTER" help:"Name of the cluster; a data folder belongs to one."`
	DataDir  string            `default:"./data" env:"RAFTKV_DATA_DIR" help:"Folder for the log and the snapshots."`
	Peers    map[uint64]string `mapsep:"," env:"RAFTKV_PEERS" placeholder:"ID=HOST:PORT,..." help:"The first members' peer addresses as this node dials them, its own among them. On a later start they only say how to dial."`
	Founders []uint64          `env:"RAFTKV_FOUNDERS" placeholder:"ID,..." help:"Which of --peers found the cluster, if not all: the others are to be added later. All of them must answer, with folders that never held anything."`
	// AutoReplace: see membership.Replacement.
	AutoReplace bool `default:"true" negatable:"" env:"RAFTKV_AUTO_REPLACE" help:"As leader, take in a member again whose folder was emptied: as a learner, and as a voter in place of its old folder once it has caught up."`
	Join        bool `env:"RAFTKV_JOIN" help:"Wait to be added to a running cluster (raftkv member add) instead of founding one."`

	ListenClient    string `default:"127.0.0.1:7001" env:"RAFTKV_LISTEN_CLIENT" help:"Address for clients (gRPC)."`
	ListenPeer      string `default:"127.0.0.1:8001" env:"RAFTKV_LISTEN_PEER" help:"Address for the other nodes (gRPC)."`
	ListenAdmin     string `default:"127.0.0.1:9001" env:"RAFTKV_LISTEN_ADMIN" help:"Address for health, metrics and status (HTTP)."`
	AdvertiseClient string `env:"RAFTKV_ADVERTISE_CLIENT" help:"Address at which clients reach this node; default: the address listened on."`

	AdvertisePeer string `env:"RAFTKV_ADVERTISE_PEER" help:"Address at which nodes that do not list this one in --peers reach it; default: its own in --peers, or the one listened on."`

	ElectionTimeout   time.Duration `default:"300ms" env:"RAFTKV_ELECTION_TIMEOUT" help:"A follower waits this long, up to twice, for its leader before it campaigns."`
	HeartbeatInterval time.Duration `default:"50ms" env:"RAFTKV_HEARTBEAT_INTERVAL" help:"How often a leader makes itself heard."`

	LeaseReads    bool    `env:"RAFTKV_LEASE_READS" help:"Confirm reads by a lease instead of a round to a majority, as long as --max-clock-drift holds. A leader counts only the voters that have it on."`
	MaxClockDrift float64 `default:"0.05" env:"RAFTKV_MAX_CLOCK_DRIFT" placeholder:"RATIO" help:"With --lease-reads: the most by which any node's clock may gain on another's. 0.05 is 50 ms a second; the same on all nodes."`

	SnapshotEntries  uint64        `default:"10000" env:"RAFTKV_SNAPSHOT_ENTRIES" help:"Take a snapshot after this many log entries; one entry holds many commands."`
	SnapshotBytes    uint64        `default:"67108864" env:"RAFTKV_SNAPSHOT_BYTES" help:"Or after this many bytes of log."`
	SnapshotSendRate int           `default:"0" env:"RAFTKV_SNAPSHOT_SEND_RATE" placeholder:"BYTES/S" help:"Send snapshots to all peers together no faster than this, in bytes a second; 0: as fast as it goes."`
	TrailingEntries  uint64        `default:"1000" env:"RAFTKV_TRAILING_ENTRIES" help:"Entries kept behind a snapshot for followers that lag a little."`
	ScrubInterval    time.Duration `default:"10m" env:"RAFTKV_SCRUB_INTERVAL" help:"Pause between two readings of all files back from the disk, to find damage; 0: never."`
	CheckEntries     uint64        `default:"100" env:"RAFTKV_CHECK_ENTRIES" help:"Compare the replicas' states after every so many log entries; 0: never. The same on all nodes."`

	MaxKeyBytes         int           `default:"1024" env:"RAFTKV_MAX_KEY_BYTES" help:"Longest key."`
	MaxValueBytes       int           `default:"1048576" env:"RAFTKV_MAX_VALUE_BYTES" help:"Longest value."`
	MaxInflightRequests int           `default:"8192" env:"RAFTKV_MAX_INFLIGHT_REQUESTS" help:"Client requests held at once; more are refused as overloaded."`
	MaxUncommittedBytes int           `default:"67108864" env:"RAFTKV_MAX_UNCOMMITTED_BYTES" help:"Bytes of log a leader holds before they are committed; more are refused as overloaded."`
	MaxUnappliedBytes   int           `default:"67108864" env:"RAFTKV_MAX_UNAPPLIED_BYTES" help:"Bytes of committed log that may wait for the state machine; over it a leader refuses writes as overloaded, and a follower takes no more log."`
	RequestTimeout      time.Duration `default:"5s" env:"RAFTKV_REQUEST_TIMEOUT" help:"How long a node works on a request before it answers that it does not know."`
	SessionTTL          time.Duration `default:"1h" name:"session-ttl" env:"RAFTKV_SESSION_TTL" help:"A session idle for longer is forgotten."`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"RAFTKV_LOG_LEVEL" help:"Least level logged: ${enum}."`
	LogFormat string `default:"text" enum:"text,json" env:"RAFTKV_LOG_FORMAT" help:"Form of the log: ${enum}."`

	Events string `env:"RAFTKV_EVENTS" placeholder:"FILE" help:"Append what this node does (terms, votes, entries, digests of its state) to FILE, for chaos to judge. It costs some speed."`

	// Version is what the node says it is.
	Version string `kong:"-"`
	// Logger replaces the one that LogLevel and LogFormat describe.
	Logger *slog.Logger `kong:"-"`
}

// Validate says in one line what is wrong with c, as an ErrConfig.
func (c Config) Validate() error {
	_, member := c.Peers[c.ID]
	badPeer := c.badPeer()
	checks := []struct {
		bad  bool
		what string
	}{
		{c.ID == 0 || c.ID > membership.MaxNode, fmt.Sprintf("--id must be from 1 to %d", membership.MaxNode)},
		{c.Cluster == "", "--cluster must not be empty"},
		{c.DataDir == "", "--data-dir must not be empty"},
		{len(c.Peers) == 0 && !c.Join, "--peers must list the first members, or --join say that this node waits to be added"},
		{!member && !c.Join, fmt.Sprintf("--peers must list this node too: no entry for id %d", c.ID)},
		{c.Join && len(c.Founders) > 0, "--join and --founders exclude each other"},
		{slices.ContainsFunc(c.Founders, func(id uint64) bool { return c.Peers[id] == "" }), "--founders must be among --peers"},
		{c.Peers[0] != "", "--peers must not use id 0"},
		{badPeer != "", badPeer},
		{c.HeartbeatInterval < tick, fmt.Sprintf("--heartbeat-interval must be at least %s", tick)},
		{c.ElectionTimeout < 3*c.HeartbeatInterval, "--election-timeout must be at least three heartbeat intervals"},
		{c.LeaseReads && !leasesPossible, "--lease-reads needs Linux: elsewhere no clock is known that sees the machine suspended"},
		{c.LeaseReads && !(c.MaxClockDrift >= 0 && c.MaxClockDrift <= 1), "--max-clock-drift must be between 0 and 1"},
		{c.LeaseReads && c.lease() <= c.HeartbeatInterval, fmt.Sprintf("--election-timeout is too short for --lease-reads: a lease of %s does not outlast a heartbeat interval", c.lease())},
		{c.SnapshotEntries == 0 || c.SnapshotBytes == 0, "--snapshot-entries and --snapshot-bytes must be 1 or more"},
		{c.MaxKeyBytes < 1 || c.MaxValueBytes < 1, "--max-key-bytes and --max-value-bytes must be 1 or more"},
		{c.MaxKeyBytes+c.MaxValueBytes > maxCommandBytes, fmt.Sprintf("a key and a value together must fit in %d bytes", maxCommandBytes)},
		{c.MaxInflightRequests < 1 || c.MaxUncommittedBytes < 1 || c.MaxUnappliedBytes < 1, "--max-inflight-requests, --max-uncommitted-bytes and --max-unapplied-bytes must be 1 or more"},
		{c.SnapshotSendRate < 0, "--snapshot-send-rate must not be negative"},
		{c.RequestTimeout <= 0 || c.SessionTTL < time.Second, "--request-timeout must be positive and --session-ttl at least 1s"},
	}
	for _, ch := range checks {
		if ch.bad {
			return fmt.Errorf("%w: %s", ErrConfig, ch.what)
		}
	}
	return nil
}

// badPeer says what is wrong with the peers' addresses, or nothing.
func (c Config) badPeer() string {
	owner := map[string]uint64{}
	for _, id := range slices.Sorted(maps.Keys(c.Peers)) {
		addr := c.Peers[id]
		host, port, err := net.SplitHostPort(addr)
		other, taken := owner[addr]
		switch {
		case err != nil || host == "" || port == "":
			return fmt.Sprintf("--peers: node %d's address %q is not host:port", id, addr)
		case taken:
			return fmt.Sprintf("--peers: nodes %d and %d have the same address %s", other, id, addr)
		}
		owner[addr] = id
	}
	return ""
}

// founders are the nodes that found this one's cluster; none if it waits to be
// added.
func (c Config) founders() []uint64 {
	if c.Join {
		return nil
	}
	if len(c.Founders) > 0 {
		return slices.Sorted(slices.Values(c.Founders))
	}
	return slices.Sorted(maps.Keys(c.Peers))
}

func (c Config) electionTicks() int  { return int(c.ElectionTimeout / tick) }
func (c Config) heartbeatTicks() int { return int(c.HeartbeatInterval / tick) }
