package node

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	apiv1 "raftkv/client/api/v1"
	"raftkv/raft"
)

const byLease, byRound = `raftkv_reads_confirmed_total{by="lease"}`, `raftkv_reads_confirmed_total{by="round"}`

func withLeases(f *Config) { f.LeaseReads, f.MaxClockDrift = true, 0.05 }

// readsByLease reads on a node until its leader's lease has confirmed one.
func (c *cluster) readsByLease(id uint64, key, value string) {
	before := c.metric(id, byLease)
	require.Eventually(c.t, func() bool {
		require.Equal(c.t, value, c.get(id, key, false))
		return c.metric(id, byLease) > before
	}, patience, time.Millisecond, "no lease confirms a read on node %d", id)
}

func TestLeaseConfirmsReadsOnEveryNodeAndUnderTheNextLeader(t *testing.T) {
	c := newCluster(t, 3, withLeases)
	c.startAll()
	leader := c.leader()
	require.NoError(t, c.put(leader, "a", "1"))
	for id := range c.nodes {
		c.readsByLease(id, "a", "1")
		require.Positive(t, c.status(id).ReadsByLease)
	}
	next := c.follower()
	c.led(next)
	require.NoError(t, c.put(next, "a", "2"))
	for id := range c.nodes {
		c.readsByLease(id, "a", "2")
	}
}

func TestWithoutLeasesRoundsConfirmReads(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	require.NoError(t, c.put(leader, "a", "1"))
	require.Equal(t, "1", c.get(leader, "a", false))
	require.Positive(t, c.metric(leader, byRound))
	require.Zero(t, c.metric(leader, byLease))
	require.Zero(t, c.status(leader).ReadsByLease)
	require.NoFileExists(t, filepath.Join(c.nodes[leader].config.DataDir, promiseFile))
}

// mute is a transport that loses everything.
type mute struct{ sender }

func (mute) Send([]raft.Message) {}

// A leader that stood still for longer than its lease finds that out from its
// clock, before it answers anything, though no tick has told it.
func TestLeaseIsOverAfterThePauseThatTheClockSaw(t *testing.T) {
	c := newCluster(t, 3, withLeases)
	c.startAll()
	leader := c.leader()
	require.NoError(t, c.put(leader, "a", "1"))
	c.readsByLease(leader, "a", "1")
	paused := make(chan struct{})
	c.nodes[leader].loop.events.put(func(l *loop) {
		l.transport = mute{l.transport} // nobody hears it any more, and nobody answers
		l.clock = func() uint64 { return leaseClock() + uint64(time.Hour) }
		close(paused)
	})
	<-paused
	before := c.metric(leader, byLease)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := c.kv(leader).Get(ctx, &apiv1.GetRequest{Key: []byte("a")})
	require.Error(t, err, "a leader that nobody answers confirmed a read")
	require.Equal(t, before, c.metric(leader, byLease))
}

// A node that starts with other settings, or without leases, first keeps what
// its earlier life promised.
func TestPromiseOutlivesTheSettings(t *testing.T) {
	dir := t.TempDir()
	silence := func(on bool, timeout time.Duration) int {
		var f raft.Config
		require.NoError(t, leases(&Config{DataDir: dir, LeaseReads: on, ElectionTimeout: timeout}, &f))
		require.Equal(t, on, f.LeaseReads)
		return f.SilentTicks
	}
	require.Zero(t, silence(false, time.Second), "nothing was ever promised")
	require.GreaterOrEqual(t, silence(true, 300*time.Millisecond), 30)
	require.GreaterOrEqual(t, silence(true, 500*time.Millisecond), 50)
	require.GreaterOrEqual(t, silence(true, 100*time.Millisecond), 50)
	require.GreaterOrEqual(t, silence(false, 100*time.Millisecond), 50)

	require.NoError(t, os.WriteFile(filepath.Join(dir, promiseFile), []byte("?"), 0o600))
	require.ErrorContains(t, leases(&Config{DataDir: dir}, &raft.Config{}), promiseFile)
}

func TestLeaseSettingsThatCannotHoldAreRefused(t *testing.T) {
	for what, edit := range map[string]func(*Config){
		"--max-clock-drift": func(f *Config) { f.MaxClockDrift = -0.1 },
		"--election-timeout": func(f *Config) {
			f.ElectionTimeout, f.HeartbeatInterval = 60*time.Millisecond, 20*time.Millisecond
			f.MaxClockDrift = 1
		},
	} {
		c := newCluster(t, 1, withLeases)
		f := c.config(1)
		require.NoError(t, f.Validate())
		edit(&f)
		require.ErrorIs(t, f.Validate(), ErrConfig)
		require.ErrorContains(t, f.Validate(), what)
	}
}
