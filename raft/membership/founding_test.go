package membership

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// town is some nodes that found a cluster, with folders that may be emptied and
// greetings that arrive late, twice or never.
type town struct {
	t      *testing.T
	rand   *rand.Rand
	nodes  []uint64
	run    map[uint64]*Founding
	disk   map[uint64]Record
	next   uint64
	onWay  []Hello
	toward []uint64
	// founded are the clusters that came to be, with the folders that founded them.
	founded map[uint64][]uint64
}

func newTown(t *testing.T, seed int64, n int) *town {
	w := &town{t: t, rand: rand.New(rand.NewSource(seed)), run: map[uint64]*Founding{}, disk: map[uint64]Record{}, founded: map[uint64][]uint64{}}
	for id := uint64(1); id <= uint64(n); id++ {
		w.nodes = append(w.nodes, id)
	}
	for _, id := range w.nodes {
		w.wipe(id)
	}
	return w
}

func (w *town) wipe(node uint64) {
	w.next++
	w.disk[node] = Record{Incarnation: w.next}
	w.start(node)
	w.forget(node)
}

// forget loses what was on its way to a process that has ended.
func (w *town) forget(node uint64) {
	var ms []Hello
	var to []uint64
	for i, h := range w.onWay {
		if w.toward[i] != node {
			ms, to = append(ms, h), append(to, w.toward[i])
		}
	}
	w.onWay, w.toward = ms, to
}

func (w *town) start(node uint64) {
	w.run[node] = NewFounding("c", node, w.nodes, w.disk[node])
}

func (w *town) greet(from, to uint64) {
	w.onWay, w.toward = append(w.onWay, w.run[from].Hello()), append(w.toward, to)
}

// deliver lets one greeting arrive, in any order, and maybe again.
func (w *town) deliver() {
	if len(w.onWay) == 0 {
		return
	}
	i := w.rand.Intn(len(w.onWay))
	h, to := w.onWay[i], w.toward[i]
	if w.rand.Intn(3) > 0 {
		w.onWay, w.toward = slices.Delete(w.onWay, i, i+1), slices.Delete(w.toward, i, i+1)
	}
	w.run[to].Hear(h)
	w.settle(to)
}

func (w *town) settle(node uint64) {
	f := w.run[node]
	r, ok := f.Next()
	if !ok {
		return
	}
	w.disk[node] = r
	f.Stored(r)
	if r.Phase == Member {
		w.foundedBy(r)
	}
}

// foundedBy checks that no folder remembers another cluster.
func (w *town) foundedBy(r Record) {
	if w.founded[r.Cluster] != nil {
		return
	}
	for cluster, founders := range w.founded {
		for _, node := range w.nodes {
			require.NotContains(w.t, founders, ID(node, w.disk[node].Incarnation), "cluster %x was founded although node %d still remembers cluster %x", r.Cluster, node, cluster)
		}
	}
	w.founded[r.Cluster] = r.Founders
}

func (w *town) pick() uint64 { return w.nodes[w.rand.Intn(len(w.nodes))] }

func (w *town) step(wipes int) {
	switch k := w.rand.Intn(100); {
	case k < wipes:
		w.wipe(w.pick())
	case k < wipes+3:
		node := w.pick()
		w.start(node) // a restart: what was heard is forgotten
		w.forget(node)
	case k < 60:
		w.greet(w.pick(), w.pick())
	default:
		w.deliver()
	}
}

func (w *town) members() (n int) {
	for _, r := range w.disk {
		if r.Phase == Member {
			n++
		}
	}
	return n
}

func TestAClusterIsFoundedOnce(t *testing.T) {
	clusters := 0
	for seed := range int64(3000) {
		w := newTown(t, seed, 2+int(seed%4))
		for range 600 {
			w.step(int(seed % 3))
		}
		clusters += len(w.founded)
	}
	assert.Greater(t, clusters, 1500, "most towns found something")
}

func TestWithoutWipesEveryFounderBecomesAMember(t *testing.T) {
	for seed := range int64(200) {
		w := newTown(t, seed, 1+int(seed%5))
		for range 3000 {
			w.step(0)
			w.settle(w.pick())
		}
		require.Equal(t, len(w.nodes), w.members(), "seed %d", seed)
		require.Len(t, w.founded, 1)
	}
}

func TestAMajorityOfEmptyFoldersFoundsNothing(t *testing.T) {
	w := newTown(t, 1, 3)
	w.everybodyTalks()
	require.Equal(t, 3, w.members())
	for _, survivor := range w.nodes {
		again := newTown(t, 1, 3)
		again.everybodyTalks()
		for _, node := range again.nodes {
			if node != survivor {
				again.wipe(node)
			}
		}
		again.everybodyTalks()
		assert.Equal(t, 1, again.members(), "node %d remembers", survivor)
	}
}

// everybodyTalks lets all greetings through until nothing changes.
func (w *town) everybodyTalks() {
	for range 10 {
		for _, from := range w.nodes {
			for _, to := range w.nodes {
				w.run[to].Hear(w.run[from].Hello())
				w.settle(to)
			}
		}
	}
}

func TestHalfARestoreFoundsNothing(t *testing.T) {
	origin := Origin("c", []byte("digest of the file"), []uint64{3, 1, 2})
	require.Equal(t, origin, Origin("c", []byte("digest of the file"), []uint64{1, 2, 3}))
	require.NotEqual(t, origin, Origin("c", []byte("another file"), []uint64{1, 2, 3}))
	w := newTown(t, 1, 3)
	w.disk[1] = Record{Incarnation: 77, Origin: origin}
	w.start(1)
	w.everybodyTalks()
	assert.Zero(t, w.members())
	for _, f := range w.run {
		assert.Contains(t, f.Why(), "restored from the same snapshot")
	}
	for node := uint64(2); node <= 3; node++ {
		w.disk[node] = Record{Incarnation: 77 + node, Origin: origin}
		w.start(node)
	}
	w.everybodyTalks()
	assert.Equal(t, 3, w.members())
	assert.Len(t, w.founded, 1)
}

func TestACoordinatorThatWasEmptiedOnTheWayFoundsNothing(t *testing.T) {
	w := newTown(t, 1, 3)
	for _, node := range []uint64{2, 3} {
		w.run[1].Hear(w.run[node].Hello())
	}
	w.settle(1)
	w.run[2].Hear(w.run[1].Hello())
	w.settle(2)
	require.Equal(t, Accepted, w.disk[2].Phase)
	w.wipe(1)
	w.everybodyTalks()
	assert.Zero(t, w.members())
	assert.Contains(t, w.run[1].Why(), "empty the folders of all its nodes")
	assert.Contains(t, w.run[2].Why(), "empty the folders of all its nodes")
}

func TestAFounderThatWasEmptiedOnTheWayIsNamedAnew(t *testing.T) {
	w := newTown(t, 1, 3)
	for _, node := range []uint64{2, 3} {
		w.run[1].Hear(w.run[node].Hello())
	}
	w.settle(1)
	w.run[2].Hear(w.run[1].Hello())
	w.settle(2)
	w.wipe(3)
	w.everybodyTalks()
	assert.Equal(t, 3, w.members())
}

func TestFlagsThatNameOtherFoundersFoundNothing(t *testing.T) {
	a := NewFounding("c", 1, []uint64{1, 2, 3}, Record{Incarnation: 1})
	b := NewFounding("c", 2, []uint64{1, 2}, Record{Incarnation: 2})
	a.Hear(b.Hello())
	a.Hear(Hello{Node: 3, Record: Record{Incarnation: 3}})
	r, ok := a.Next()
	require.True(t, ok)
	a.Stored(r)
	b.Hear(a.Hello())
	_, ok = b.Next()
	assert.False(t, ok)
	assert.Contains(t, b.Why(), "node 1 founds a cluster of 1, 2, 3, and this node's flags name 1, 2")
}

func TestWhoIsInvited(t *testing.T) {
	f := NewFounding("c", 3, nil, Record{Incarnation: 5})
	_, err := f.Invited(9, ID(3, 4), true)
	assert.ErrorIs(t, err, ErrIncarnation)
	_, err = f.Invited(9, f.ID(), false)
	assert.ErrorIs(t, err, ErrOlderCopy, "an empty folder is nobody's voter")
	r, err := f.Invited(9, f.ID(), true)
	require.NoError(t, err)
	assert.Equal(t, Record{Incarnation: 5, Phase: Member, Cluster: 9}, r)
	f.Stored(r)
	_, err = f.Invited(9, f.ID(), false)
	assert.NoError(t, err)
	_, err = f.Invited(8, f.ID(), true)
	assert.ErrorIs(t, err, ErrCluster)

	restored := NewFounding("c", 3, []uint64{3}, Record{Incarnation: 5, Origin: 7})
	_, err = restored.Invited(9, restored.ID(), true)
	assert.ErrorIs(t, err, ErrRestored)
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	for _, r := range []Record{{Incarnation: 1}, {Incarnation: MaxIncarnation, Phase: Member, Cluster: 3, Origin: 4, Founders: []uint64{ID(1, 9), ID(2, 8)}}} {
		got, err := Decode(r.Encode())
		require.NoError(t, err)
		assert.True(t, r.Equal(got))
	}
	_, err := Decode([]byte{1, 2})
	assert.Error(t, err)
}

func TestAnIDIsANodeAndItsFolder(t *testing.T) {
	id := ID(MaxNode, MaxIncarnation)
	assert.Equal(t, uint64(MaxNode), Node(id))
	assert.Equal(t, uint64(MaxIncarnation), Incarnation(id))
	assert.Equal(t, uint64(3), ID(3, 0), "folders of before")
	assert.Equal(t, []uint64{3, 4}, Nodes([]uint64{ID(3, 9), 4}))
}

func TestAnOlderAcceptanceDoesNotCountForANewSet(t *testing.T) {
	w := newTown(t, 1, 3)
	stale := w.run[2].Hello()
	w.run[1].Hear(stale)
	w.run[1].Hear(w.run[3].Hello())
	w.settle(1)
	w.run[2].Hear(w.run[1].Hello())
	w.settle(2)
	w.run[1].Hear(w.run[2].Hello()) // it has accepted the first set
	w.wipe(3)
	w.run[1].Hear(w.run[3].Hello())
	w.settle(1)
	w.run[3].Hear(w.run[1].Hello())
	w.settle(3)
	w.run[1].Hear(w.run[3].Hello())
	w.settle(1)
	assert.Equal(t, Accepted, w.disk[1].Phase, "node 2 knows nothing of the new set")
}

func TestAMemberThatIsNoFounderSpeaksForTheCluster(t *testing.T) {
	w := newTown(t, 1, 3)
	joined := Hello{Node: 6, Record: Record{Incarnation: 66, Phase: Member, Cluster: 12345}}
	for _, node := range w.nodes {
		w.run[node].Hear(joined)
	}
	w.everybodyTalks()
	assert.Zero(t, w.members())
	assert.Contains(t, w.run[2].Why(), "waits until the leader takes it in")
}
