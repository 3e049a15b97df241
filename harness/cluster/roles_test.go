package cluster

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheLeaderIsTheOneOfTheHighestTerm(t *testing.T) {
	deposed := Status{Role: "leader", Term: 3, Leader: 1}
	current := Status{Role: "leader", Term: 5, Leader: 4}
	leader, ok := leaderOf(map[int]Status{1: deposed, 4: current, 2: {Role: "follower", Term: 6}})
	assert.True(t, ok)
	assert.Equal(t, 4, leader)

	_, ok = leaderOf(map[int]Status{1: {Role: "candidate", Term: 9}})
	assert.False(t, ok)
}

func TestAgreementNeedsAMajorityOfAllNodesInOneTerm(t *testing.T) {
	views := map[int]Status{
		1: {Role: "leader", Term: 5, Leader: 1},
		2: {Role: "follower", Term: 5, Leader: 1},
		3: {Role: "follower", Term: 4, Leader: 1},
	}
	_, ok := agreed(views, 5)
	assert.False(t, ok, "node 3 names the leader of another term")

	views[3] = Status{Role: "follower", Term: 5, Leader: 1}
	r, ok := agreed(views, 5)
	assert.True(t, ok)
	assert.Equal(t, Ready{Leader: 1, Term: 5}, r)
}

func TestRandomPicksTheSameForTheSameSeed(t *testing.T) {
	ids := []int{1, 2, 3, 4, 5}
	pick := func() []int { return Random(rand.New(rand.NewPCG(7, 7)), ids, 3) }
	assert.Equal(t, pick(), pick())
	assert.Len(t, pick(), 3)
	assert.IsIncreasing(t, pick())
	assert.Len(t, Random(rand.New(rand.NewPCG(1, 1)), ids, 9), 5)
	assert.Equal(t, []int{1, 2, 3, 4, 5}, ids, "the argument is left alone")
}

func TestSpecIsCheckedAndGivesTheCommandLine(t *testing.T) {
	_, err := Spec{Nodes: 12, Binary: os.Args[0]}.Check()
	require.ErrorContains(t, err, "1 to 9 nodes")
	_, err = Spec{Binary: "/nonexistent/raftkv"}.Check()
	require.ErrorIs(t, err, os.ErrNotExist)

	s, err := Spec{Binary: os.Args[0], Flags: map[string]string{"snapshot-entries": "100"}}.Check()
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3, 4, 5}, s.IDs())
	args := s.Node(Node{ID: 2, Data: "/d", Peers: "1=a:1,2=b:2"}).Args()
	assert.Equal(t, "serve", args[0])
	assert.Contains(t, args, "--id=2")
	assert.Contains(t, args, "--peers=1=a:1,2=b:2")
	assert.Contains(t, args, "--snapshot-entries=100")
}

func TestAgreementCountsTheVotersWhereTheyAreKnown(t *testing.T) {
	views := map[int]Status{
		1: {Role: "leader", Term: 5, Leader: 1, Voters: []int{1, 2, 3}},
		2: {Role: "follower", Term: 5, Leader: 1},
		6: {Role: "learner", Term: 4, Leader: 4},
	}
	_, ok := agreed(views, 7)
	assert.True(t, ok, "two of three, though of seven nodes")

	delete(views, 2)
	views[6] = Status{Role: "learner", Term: 5, Leader: 1}
	_, ok = agreed(views, 7)
	assert.False(t, ok, "6 has no vote")
}

func TestJoinersWaitAndFoundersKnowThemselves(t *testing.T) {
	s, err := Spec{Nodes: 3, Joiners: 1, Binary: os.Args[0]}.Check()
	require.NoError(t, err)
	assert.Contains(t, s.Node(Node{ID: 2}).Args(), "--founders=1,2")
	assert.Contains(t, s.Node(Node{ID: 3}).Args(), "--join=true")
	assert.NotContains(t, s.Node(Node{ID: 3}).Args(), "--founders=1,2")
	_, err = Spec{Nodes: 3, Joiners: 3, Binary: os.Args[0]}.Check()
	assert.ErrorContains(t, err, "3 of 3 nodes cannot be joiners")
}
