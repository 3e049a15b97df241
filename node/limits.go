package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"raftkv/node/kv"
)

var (
	limitDesc         = describe("limit", "The most that is held of something, beside the metric that says how much is.", "of")
	inflightDesc      = describe("requests_in_flight", "Client requests held now.")
	logFileDesc       = describe("log_file_bytes", "Size of log.db, which reuses room and never shrinks.")
	snapshotFilesDesc = describe("snapshot_folder_bytes", "Size of all snapshots' files, unfinished ones too.")
	peerBytesDesc     = describe("peer_inflight_bytes", "Bytes of log sent to a peer and not answered yet (leader only).", "peer")
	peerMessagesDesc  = describe("peer_inflight_messages", "Appends sent to a peer and not answered yet (leader only).", "peer")
)

// limitsCollector tells what is bounded, and how much of it there is where
// Status does not say so. It asks nobody: a full node answers too.
type limitsCollector struct{ node *Node }

// Describe names what Collect gives.
func (c limitsCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{limitDesc, inflightDesc, logFileDesc, snapshotFilesDesc} {
		out <- d
	}
}

// Collect gives the sizes and the limits.
func (c limitsCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	n := c.node
	gauge(inflightDesc, n.gate.inflight.Load())
	gauge(logFileDesc, n.folder.log.Size())
	gauge(snapshotFilesDesc, n.folder.snapshots.Size())
	for of, limit := range n.limits() {
		gauge(limitDesc, int64(limit), of)
	}
}

func (n *Node) limits() map[string]int {
	c := &n.config
	return map[string]int{
		"requests_in_flight":     c.MaxInflightRequests,
		"uncommitted_bytes":      c.MaxUncommittedBytes,
		"unapplied_bytes":        c.MaxUnappliedBytes,
		"peer_inflight_bytes":    maxInflightBytes,
		"peer_inflight_messages": maxInflightMsgs,
		"sessions":               kv.DefaultLimits().MaxSessions,
		"session_bytes":          kv.DefaultLimits().MaxAnswerBytes,
	}
}
