package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/run"
	"raftkv/history"
)

func TestTheTableIsComplete(t *testing.T) {
	names := map[string]bool{}
	for _, s := range All {
		require.False(t, names[s.Name], "%s is there twice", s.Name)
		names[s.Name] = true
		require.NotEmpty(t, s.Story)
		require.NotEmpty(t, s.Expect)
		require.NotEmpty(t, s.Steps)
		require.Positive(t, s.Bound)
		phases := map[Phase]bool{}
		for _, f := range s.Floors {
			phases[f.Phase] = true
			require.Positive(t, f.Min)
		}
		require.True(t, phases[Before] && phases[After], "%s has no floor before and after", s.Name)
		// A fault during which nothing may succeed has a ceiling in place of a floor,
		// and one too short to count in has its proofs.
		require.True(t, phases[During] || len(s.Ceilings) > 0 || len(s.Proofs) > 0, "%s expects nothing of the fault", s.Name)
	}
	require.Len(t, names, 13)
	_, ok := ByName("no-such-thing")
	require.False(t, ok)
}

func TestRolesAreResolvedAgainstTheLeader(t *testing.T) {
	five := []int{1, 2, 3, 4, 5}
	for _, c := range []struct {
		target Target
		size   int
		leader bool
	}{
		{Leader, 1, true}, {OneFollower, 1, false}, {LeaderMinority, 2, true},
		{FollowerMinority, 2, false}, {Majority, 3, true}, {Everybody, 5, true},
	} {
		for seed := range int64(20) {
			got := c.target.resolve(source(seed, "x", 0, drawTarget), 4, five, nil)
			require.Len(t, got, c.size, c.target)
			require.IsIncreasing(t, append([]int{0}, got...))
			require.Equal(t, c.leader, contains(got, 4), "%s: %v", c.target, got)
		}
	}
}

func TestNextInTurnTakesEveryNodeOnce(t *testing.T) {
	var had []int
	for i := range 5 {
		had = append(had, NextInTurn.resolve(source(1, "x", i, drawTarget), 2, []int{1, 2, 3, 4, 5}, had)...)
	}
	require.ElementsMatch(t, []int{1, 2, 3, 4, 5}, had)
}

func contains(ids []int, id int) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}

func TestTheSeedDecidesTheSchedule(t *testing.T) {
	for _, s := range All {
		a, b := plan(s, Options{Seed: 7}), plan(s, Options{Seed: 7})
		require.Equal(t, a, b)
		for _, step := range a.Steps {
			require.GreaterOrEqual(t, step.Hold, s.Steps[0].Hold.Min)
			require.LessOrEqual(t, step.Hold, s.Steps[0].Hold.Max)
		}
	}
	holds := map[time.Duration]bool{}
	for seed := range int64(10) {
		holds[plan(All[0], Options{Seed: seed}).Steps[0].Hold] = true
	}
	require.Greater(t, len(holds), 5)
}

func TestTheCallersFlagsOverruleTheScenarios(t *testing.T) {
	s := Scenario{Flags: map[string]string{"a": "1", "b": "1"}}
	p := plan(s, Options{Flags: map[string]string{"b": "2"}})
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, p.Flags)
	require.Equal(t, "1", s.Flags["b"])
}

func TestTheDrawnParametersAreWrittenDown(t *testing.T) {
	draw := func(seed int64) map[string]string {
		d := Draw{Targets: []int{1}, Others: []int{2, 3, 4, 5}, rand: source(seed, "x", 0, drawFault), parameters: map[string]string{}}
		require.NotEmpty(t, oneWay(d).Name())
		return d.parameters
	}
	directions, modes := map[string]bool{}, map[string]bool{}
	for seed := range int64(30) {
		require.Equal(t, draw(seed), draw(seed))
		directions[draw(seed)["direction"]] = true
		modes[draw(seed)["mode"]] = true
	}
	require.Len(t, directions, 2)
	require.Len(t, modes, 3)
}

// round is a round at nodes 1 and 2 that held from 100 to 200, in term 3.
func round() Round {
	return Round{Step: run.Step{Targets: []int{1, 2}, Leader: 1, Term: 3, Inject: 90, Injected: 100, Heal: 200, Healed: 210}}
}

func TestLeaderMovedWantsAnotherNodeInAHigherTermMeanwhile(t *testing.T) {
	for _, c := range []struct {
		point history.LeaderPoint
		ok    bool
	}{
		{history.LeaderPoint{Time: 150, Node: "3", Term: 4}, true},
		{history.LeaderPoint{Time: 150, Node: "2", Term: 4}, false},
		{history.LeaderPoint{Time: 150, Node: "3", Term: 3}, false},
		{history.LeaderPoint{Time: 150, Node: "", Term: 4}, false},
		{history.LeaderPoint{Time: 80, Node: "3", Term: 4}, false},
		{history.LeaderPoint{Time: 205, Node: "3", Term: 4}, false},
	} {
		err := leaderMoved.Holds(Facts{Rounds: []Round{round()}, Leaders: []history.LeaderPoint{c.point}})
		require.Equal(t, c.ok, err == nil, "%+v: %v", c.point, err)
	}
	require.Error(t, leaderMoved.Holds(Facts{}), "no rounds prove nothing")
}

func TestStaleSideAskedCountsReadsPinnedOnTheTargets(t *testing.T) {
	ops := []history.Operation{
		{F: history.Get, Node: "1", Call: 120}, {F: history.Get, Node: "2", Call: 199},
		{F: history.Get, Node: "3", Call: 120}, {F: history.Get, Call: 120}, {F: history.Put, Node: "1", Call: 120},
		{F: history.Get, Node: "1", Call: 99}, {F: history.Get, Node: "1", Call: 200},
		{F: history.Get, Node: "1", Call: 120, Stale: true},
	}
	f := Facts{Rounds: []Round{round()}, Operations: ops}
	require.NoError(t, staleSideAsked(2).Holds(f))
	require.ErrorContains(t, staleSideAsked(3).Holds(f), "only 2 reads")
}

func TestNeededSnapshotWantsTheLogGoneAndTheSnapshotThere(t *testing.T) {
	good := func() Round {
		r := round()
		r.Targets = []int{1}
		r.Late = map[int]cluster.Status{1: {LastIndex: 100}, 2: {FirstIndex: 300}, 3: {FirstIndex: 290}}
		r.Later = map[int]cluster.Status{1: {SnapshotIndex: 280}}
		return r
	}
	holds := func(r Round) error { return neededSnapshot.Holds(Facts{Rounds: []Round{r}}) }
	require.NoError(t, holds(good()))
	r := good()
	r.Late[3] = cluster.Status{FirstIndex: 100 + margin}
	require.ErrorContains(t, holds(r), "node 3 still has its log")
	r = good()
	r.Later[1] = cluster.Status{SnapshotIndex: 100}
	require.ErrorContains(t, holds(r), "node 1 has snapshot 100")
}

func TestTermRoseAndStillDown(t *testing.T) {
	r := round()
	r.Later = map[int]cluster.Status{4: {Term: 4}}
	r.States = map[int]cluster.NodeState{1: {Phase: cluster.Exited}, 2: {Phase: cluster.Exited}}
	f := Facts{Rounds: []Round{r}}
	require.NoError(t, termRose.Holds(f))
	require.NoError(t, stillDown.Holds(f))
	r.Later[4], r.States[2] = cluster.Status{Term: 3}, cluster.NodeState{Phase: cluster.Running}
	require.Error(t, termRose.Holds(f))
	require.ErrorContains(t, stillDown.Holds(f), "node 2 was running")
}

func TestEveryNodeHadItsTurn(t *testing.T) {
	f := Facts{Rounds: []Round{round()}}
	require.NoError(t, everyNodeHad(2).Holds(f))
	require.ErrorContains(t, everyNodeHad(5).Holds(f), "2 nodes had theirs")
}

func TestACeilingCountsOnlyWhatHappenedWhileTheFaultHeld(t *testing.T) {
	ok := func(node string, call, ret int64) history.Operation {
		return history.Operation{F: history.Put, Node: node, Call: call, Return: ret, Outcome: history.OutcomeOk}
	}
	ops := []history.Operation{
		ok("1", 110, 120), ok("3", 110, 120), ok("", 110, 120), ok("1", 95, 120), ok("1", 190, 201),
		{F: history.Put, Node: "1", Call: 110, Return: 120, Outcome: history.OutcomeFail},
	}
	c := Ceiling{Functions: everything, At: Targets}
	require.Len(t, c.over(round(), ops), 1)
	c.At = Anywhere
	require.Len(t, c.over(round(), ops), 3)
}

func TestMeasuresOfARun(t *testing.T) {
	put := func(call, ret int64) history.Operation {
		return history.Operation{F: history.Put, Call: call, Return: ret, Outcome: history.OutcomeOk}
	}
	ops := []history.Operation{put(0, 10), put(20, 30), put(205, 215), put(211, 260), put(220, 250)}
	x := &execution{rounds: []Round{round()}}
	require.Zero(t, x.recovery(), "it did not recover")
	first, second := round(), round()
	first.Recovered, second.Healed, second.Recovered = firstWrite(ops, first.Healed), 240, 255
	x.rounds = []Round{first, second}
	require.EqualValues(t, 40, x.recovery(), "the slower one: from the healing at 210 to the first write called after it")
	from, to := history.LongestGap(ops)
	require.EqualValues(t, 185, to-from)
	require.Zero(t, firstWrite(ops[:3], 210))
}

func TestLaggingNamesWhoIsBehind(t *testing.T) {
	all := map[int]cluster.Status{1: {Commit: 9, Applied: 9}, 2: {Commit: 5, Applied: 5}}
	require.Equal(t, "node 2 has applied 5 of 9 entries", lagging([]int{1, 2}, all))
	require.Equal(t, "node 3 does not answer", lagging([]int{1, 3}, all))
	require.Empty(t, lagging([]int{1}, all))
}

func TestTheVoterCountsAreProved(t *testing.T) {
	r := round()
	r.Later = map[int]cluster.Status{1: {Role: "leader", Voters: []int{1, 2, 3}}, 2: {Role: "follower"}}
	p := voterCounts(3, 5)
	require.NoError(t, p.Holds(Facts{Rounds: []Round{r}}))
	require.ErrorContains(t, p.Holds(Facts{Rounds: []Round{r, r}}), "left 3 voters")
	r.Later = map[int]cluster.Status{2: {Role: "follower"}}
	require.ErrorContains(t, p.Holds(Facts{Rounds: []Round{r}}), "nobody said that it leads")
}
