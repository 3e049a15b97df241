package fault_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/disk"
	"raftkv/harness/fault"
	"raftkv/harness/proof"
)

// idle is one node on a disk of its own.
type idle struct {
	cluster.Disked
	cluster.Cluster
	on quiet
}

func (*idle) Nodes() []int             { return []int{1} }
func (*idle) DataDir(int) string       { return "data" }
func (i *idle) Volume(int) disk.Volume { return &i.on }

// quiet is a disk in the trouble that it is put in, which met so many calls of its
// node.
type quiet struct {
	disk.Troubled
	calls int
	in    disk.Trouble
}

func (q *quiet) Make(t disk.Trouble) { q.in = t }
func (q *quiet) Hits() disk.Hits     { return disk.Hits{Calls: q.calls} }
func (q *quiet) Probe() disk.Probe   { return disk.Probe{Sync: q.in.SyncDelay} }

// Only the node's own calls prove that its disk is slow; the harness's probe meets
// the delay also when the node writes nothing.
func TestASlowDiskThatOnlyTheProbeMetIsNoProof(t *testing.T) {
	for calls, want := range map[int]proof.Outcome{0: proof.Indeterminate, 1: proof.Installed} {
		synctest.Test(t, func(t *testing.T) {
			e, err := fault.SlowSync(time.Second, 1).Inject(t.Context(), &idle{on: quiet{calls: calls}})
			require.NoError(t, err)
			require.Equal(t, want, e.Outcome, e.Detail)
		})
	}
}
