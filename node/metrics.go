package node

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what a node counts and times. What can be read off the engine's
// state is collected from Status at each scrape instead.
type metrics struct {
	registry        *prometheus.Registry
	elections       prometheus.Counter
	commands        prometheus.Counter
	proposal        prometheus.Histogram
	fsync           prometheus.Histogram
	apply           prometheus.Histogram
	snapshotSeconds prometheus.Histogram
	snapshotBytes   prometheus.Gauge
	requests        *prometheus.CounterVec
	damage          prometheus.Counter
	corrupt         *prometheus.CounterVec // by from: peer, client
	readsByLease    prometheus.Counter
	readsByRound    prometheus.Counter
}

func newMetrics() *metrics {
	r := prometheus.NewRegistry()
	m := &metrics{
		registry:        r,
		elections:       prometheus.NewCounter(prometheus.CounterOpts{Name: "raftkv_elections_won_total", Help: "Times this node became leader."}),
		commands:        prometheus.NewCounter(prometheus.CounterOpts{Name: "raftkv_commands_applied_total", Help: "Commands applied to the state machine."}),
		proposal:        latency("raftkv_proposal_seconds", "From a write's arrival to its application on the leader."),
		fsync:           latency("raftkv_log_append_seconds", "One group commit of log entries, fsync and all."),
		apply:           latency("raftkv_apply_seconds", "Application of one log entry."),
		snapshotSeconds: latency("raftkv_snapshot_seconds", "Writing one snapshot file."),
		snapshotBytes:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "raftkv_snapshot_bytes", Help: "Size of the newest snapshot file."}),
		requests:        prometheus.NewCounterVec(prometheus.CounterOpts{Name: "raftkv_requests_total", Help: "Client requests by operation and outcome."}, []string{"operation", "outcome"}),
	}
	confirmed := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "raftkv_reads_confirmed_total", Help: "Linearizable reads on this node, by how the leader confirmed them."}, []string{"by"})
	m.readsByLease, m.readsByRound = confirmed.WithLabelValues("lease"), confirmed.WithLabelValues("round")
	m.damage = prometheus.NewCounter(prometheus.CounterOpts{Name: "raftkv_damage_found_total", Help: "Damaged files that the scrub found: an alarm."})
	m.corrupt = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "raftkv_corrupt_frames_total", Help: "Frames that were changed on their way and refused, by who sent them."}, []string{"from"})
	r.MustRegister(confirmed, m.damage, m.corrupt, m.elections, m.commands, m.proposal, m.fsync, m.apply, m.snapshotSeconds, m.snapshotBytes, m.requests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// countReads counts reads that the leader confirmed.
func (m *metrics) countReads(reads int, byLease bool) {
	if byLease {
		m.readsByLease.Add(float64(reads))
	} else {
		m.readsByRound.Add(float64(reads))
	}
}

// buildInfo is 1, and says by its labels what runs.
func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "raftkv_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}

func latency(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.000_05, 2, 18)})
}

// stateCollector turns a Status into gauges.
type stateCollector struct{ node *Node }

type gauge struct {
	desc  *prometheus.Desc
	value func(Status) uint64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("raftkv_"+name, help, labels, nil)
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

var (
	stateGauges = []gauge{
		{describe("term", "Current term."), func(s Status) uint64 { return s.Term }},
		{describe("leader_id", "The leader as this node knows it; 0: none."), func(s Status) uint64 { return s.Leader }},
		{describe("commit_index", "Last committed log index."), func(s Status) uint64 { return s.Commit }},
		{describe("applied_index", "Last applied log index."), func(s Status) uint64 { return s.Applied }},
		{describe("first_index", "First log index kept."), func(s Status) uint64 { return s.FirstIndex }},
		{describe("last_index", "Last log index."), func(s Status) uint64 { return s.LastIndex }},
		{describe("snapshot_index", "Log index of the newest snapshot."), func(s Status) uint64 { return s.SnapshotIndex }},
		{describe("keys", "Keys in the store."), func(s Status) uint64 { return s.Keys }},
		{describe("state_divergence", "Peers whose state was found to differ from this node's: an alarm."), func(s Status) uint64 { return uint64(len(s.Diverged)) }},
		{describe("recovering", "1 while this node gets back from its peers what damage took."), func(s Status) uint64 { return one(s.Recovering) }},
		{describe("sessions", "Client sessions."), func(s Status) uint64 { return s.Sessions }},
		{describe("session_bytes", "Bytes of answers that the sessions remember."), func(s Status) uint64 { return s.SessionBytes }},
		{describe("uncommitted_bytes", "Bytes of log not committed yet (leader only)."), func(s Status) uint64 { return s.UncommittedBytes }},
		{describe("unapplied_bytes", "Bytes of committed log that wait for the state machine."), func(s Status) uint64 { return s.UnappliedBytes }},
		{describe("holding_appends", "1 while so much waits for the state machine that this node takes no more log."), func(s Status) uint64 { return one(s.HoldingAppends) }},
		{describe("unapplied_entries", "Committed entries that wait for the state machine."), func(s Status) uint64 { return s.UnappliedEntries }},
	}
	installedDesc = describe("snapshots_installed_total", "Snapshots taken over from a leader since the start.")

	roleDesc  = describe("role", "1 for the role that this node has.", "role")
	matchDesc = describe("peer_match_index", "Last log index a peer is known to hold (leader only).", "peer")
	lagDesc   = describe("peer_lag_entries", "Log entries a peer is not known to hold (leader only).", "peer")
)

// Describe names what Collect gives.
func (c stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, g := range stateGauges {
		out <- g.desc
	}
	out <- installedDesc
	out <- roleDesc
	out <- matchDesc
	out <- lagDesc
	out <- peerBytesDesc
	out <- peerMessagesDesc
}

// Collect gives nothing when the loop does not answer: a gap is honest.
func (c stateCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := c.node.Status(ctx)
	if err != nil {
		return
	}
	for _, g := range stateGauges {
		out <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, float64(g.value(s)))
	}
	out <- prometheus.MustNewConstMetric(installedDesc, prometheus.CounterValue, float64(s.Installed))
	out <- prometheus.MustNewConstMetric(roleDesc, prometheus.GaugeValue, 1, s.Role)
	for id, p := range s.Peers {
		peer := strconv.FormatUint(id, 10)
		out <- prometheus.MustNewConstMetric(matchDesc, prometheus.GaugeValue, float64(p.Match), peer)
		out <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, float64(p.Lag), peer)
		out <- prometheus.MustNewConstMetric(peerBytesDesc, prometheus.GaugeValue, float64(p.InflightBytes), peer)
		out <- prometheus.MustNewConstMetric(peerMessagesDesc, prometheus.GaugeValue, float64(p.InflightMessages), peer)
	}
}
