package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/recorder"
	"raftkv/harness/run"
	"raftkv/history/check"
)

// storming runs steps, or without any those that the seed draws, on the fake.
func storming(t *testing.T, f *fake, seed int64, steps ...run.Step) Result {
	t.Helper()
	p, ok := ProfileNamed("node")
	require.True(t, ok)
	o := Options{Seed: seed, OutDir: t.TempDir()}
	s := p.outline(15*time.Second, o)
	s.Steps = steps
	r, err := runPlan(t.Context(), p.scenario(), s, o, f.deps())
	require.NoError(t, err)
	return r
}

// killing is a step that kills.
func killing(number, round int, role Target, count int) run.Step {
	return run.Step{Name: fmt.Sprintf("kill %d", number), Number: number, Round: round, Kind: "kill", Role: string(role), Count: count, Hold: time.Second}
}

func schedule(t *testing.T, r Result) run.Schedule {
	t.Helper()
	s, err := run.ReadSchedule(r.Dir)
	require.NoError(t, err)
	return s
}

func TestAnHonestStorePassesDrawnSchedules(t *testing.T) {
	for seed := range int64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				r := storming(t, f, seed)
				require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
				require.True(t, f.closed)
				s := schedule(t, r)
				require.NotEmpty(t, s.Steps)
				require.Contains(t, s.LeftOut, run.LeftOut{Kind: "restart", Why: "a fake has no restart"})
				for _, step := range s.Steps {
					require.NotEmpty(t, step.Targets, "resolved")
					require.Less(t, step.Injected, step.Heal)
					require.NotNil(t, step.Bit)
					require.NotNil(t, step.Mended)
				}
			})
		})
	}
}

func TestFaultsOfARoundHoldTogetherOnDifferentNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := storming(t, newFake(), 1, killing(0, 1, Leader, 1), killing(1, 1, Elected, 1), killing(2, 2, Leader, 2))
		require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
		s := schedule(t, r).Steps
		require.Equal(t, []int{1}, s[0].Targets)
		require.Equal(t, []int{s[1].Leader}, s[1].Targets, "the one just elected")
		require.NotEqual(t, s[0].Targets, s[1].Targets)
		require.Less(t, s[1].Injected, s[1].Heal)
		require.LessOrEqual(t, s[1].Heal, s[0].Heal, "healed in the reverse order")
		require.Less(t, s[0].Healed, s[2].Inject)
		require.Contains(t, s[2].Targets, s[2].Leader)
		require.Len(t, s[2].Targets, 2)
		floors := map[string]int{}
		for _, f := range r.Verdict.Floors {
			floors[f.Phase]++
			require.GreaterOrEqual(t, f.Counted, f.Min)
		}
		for _, name := range []string{"round 1, faults held", "round 1, healed", "round 2, faults held", "round 2, healed"} {
			require.Equal(t, 3, floors[name], name)
		}
	})
}

func TestARepetitionHasTheSameTargetsTimesAndParameters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := schedule(t, storming(t, newFake(), 5))
		r, err := repeat(t.Context(), first, Options{OutDir: t.TempDir()}, newFake().deps())
		require.NoError(t, err)
		second := schedule(t, r)
		require.EqualValues(t, 5, r.Seed)
		require.Equal(t, first.Load, second.Load)
		require.Len(t, second.Steps, len(first.Steps))
		for i, s := range first.Steps {
			again := second.Steps[i]
			require.Equal(t, s.Targets, again.Targets)
			require.Equal(t, s.Parameters, again.Parameters)
			require.Equal(t, []time.Duration{s.After, s.Hold}, []time.Duration{again.After, again.Hold})
			require.Positive(t, again.Healed)
		}
	})
}

func TestARowOfTheTableIsRepeatedWithTheSameTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := schedule(t, play(t, row(t, "rolling-restart"), newFake(), Options{Seed: 7}))
		first.Steps = first.Steps[2:4] // as shrink would
		first.Steps[0].Targets = []int{4}
		r, err := repeat(t.Context(), first, Options{OutDir: t.TempDir()}, newFake().deps())
		require.NoError(t, err)
		second := schedule(t, r)
		require.Len(t, second.Steps, 2)
		require.Equal(t, []int{4}, second.Steps[0].Targets)
		require.Equal(t, first.Steps[1].Targets, second.Steps[1].Targets)
		require.Equal(t, 3, second.Steps[1].Number)
		require.Equal(t, first.Steps[1].Hold, second.Steps[1].Hold)
	})
}

func TestAScheduleOfAnotherVersionIsRefused(t *testing.T) {
	for _, s := range []run.Schedule{
		{Scenario: "no-such-row"}, {Scenario: "leader-kill", Steps: []run.Step{{Name: "no such step"}}},
		{Profile: "no-such-profile"}, {Profile: "node", Steps: []run.Step{{Kind: "no-such-kind"}}},
	} {
		_, err := repeat(t.Context(), s, Options{OutDir: t.TempDir()}, newFake().deps())
		require.ErrorIs(t, err, ErrUnknownScenario)
	}
}

func TestADrawnFaultThatDoesNotBiteIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.immortal = true
		r := storming(t, f, 1, killing(0, 1, Leader, 1))
		require.Equal(t, check.Inconclusive, r.Verdict.Result, r.Verdict.Summary)
		require.Contains(t, reasons(r), "did not bite")
		require.Contains(t, reasons(r), "nobody but node 1 was seen to lead")
		require.Contains(t, reasons(r), "node 1 was running")
	})
}

func TestNothingMaySucceedWhileAMajorityIsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.noQuorum = true
		r := storming(t, f, 1, killing(0, 1, Leader, 1), killing(1, 1, Anyone, 2))
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Positive(t, kinds(r)[NoQuorum])
	})
}

func TestALostMajorityThatComesBackPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := storming(t, newFake(), 1, killing(0, 1, Leader, 1), killing(1, 1, Anyone, 2))
		require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
		for _, f := range r.Verdict.Floors {
			require.NotEqual(t, "round 1, faults held", f.Phase, "nothing can be asked of a cluster without a quorum")
		}
	})
}

// staying is a minority that is killed and stays so to the end.
func staying() run.Step {
	s := killing(0, 1, Leader, 2)
	s.Stays = true
	return s
}

func TestAMinorityStaysBrokenWhileTheRestServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		r := storming(t, f, 1, staying())
		require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
		require.Equal(t, 2, f.heals)
		s := schedule(t, r).Steps[0]
		require.Greater(t, time.Duration(s.Heal-s.Injected), s.Hold+tail, "the load after the last fault runs on a broken minority")
		events, err := os.ReadFile(filepath.Join(r.Dir, run.EventsFile))
		require.NoError(t, err)
		require.Contains(t, string(events), "broken: first write after")
	})
}

func TestWithAMinorityBrokenTheRestHasToServeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.neverElects = true
		r := storming(t, f, 1, staying())
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Positive(t, kinds(r)[NoProgress])
		require.Contains(t, r.Verdict.Summary, "broken")
		require.Equal(t, 2, f.heals, "it is healed all the same")
	})
}

func TestARoundThatDoesNotRecoverIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.neverElects = true
		r := storming(t, f, 1, killing(0, 1, Leader, 3), killing(1, 2, Leader, 1))
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Positive(t, kinds(r)[NoProgress])
		require.Zero(t, schedule(t, r).Steps[1].Inject, "what follows would be about something else")
	})
}

func TestCutNodesThatAreAMajorityOfTheVotersMayServe(t *testing.T) {
	r := Round{Step: run.Step{Kind: "partition", Targets: []int{1, 3}}, Voters: []int{1, 3, 5}}
	require.False(t, r.outvoted())
	r.Voters = []int{1, 2, 3, 4, 5}
	require.True(t, r.outvoted())
	r.Voters = []int{1, 3, 4, 5}
	require.True(t, r.outvoted(), "half is no majority")
	r.Kind, r.Voters = "slow-cpu", nil
	require.False(t, r.outvoted())
}

func TestAPlanSaysWhatItWillBe(t *testing.T) {
	p, _ := ProfileNamed("node")
	plan := Generate(p, 5, 15*time.Second, func(k fault.Kind) bool { return downs(k.Name) })
	synctest.Test(t, func(t *testing.T) {
		done := schedule(t, storming(t, newFake(), 5))
		for i, s := range plan {
			require.Equal(t, s.Name, done.Steps[i].Name)
			require.Equal(t, s.Hold, done.Steps[i].Hold)
			require.Empty(t, s.Targets)
		}
	})
}

// Brutal, seeds 236596 and 236527: a node that is no member writes nothing, so that
// its full disk is not met, and cannot lead.
func TestWhoHasToWriteOrToLeadIsAVoter(t *testing.T) {
	f := newFake()
	f.voters = []int{1, 2, 4}
	synctest.Test(t, func(t *testing.T) {
		clock := recorder.NewClock()
		log, err := run.Folder{Path: t.TempDir()}.NewLog(clock)
		require.NoError(t, err)
		defer func() { require.NoError(t, log.Close()) }()
		x := &execution{cluster: f, obs: run.Observe(f, clock, log)}
		defer x.obs.Stop()
		synctest.Wait()
		for kind, want := range map[string][]int{
			"disk-full": {2, 4}, "fsync-eio": {2, 4}, "torn-write": {2, 4}, "transfer": {2, 4}, "snapshot": {2, 4},
			"kill": {2, 3, 4, 5},
		} {
			w := &wave{lives: []ongoing{{Round: &Round{Step: run.Step{Kind: "kill", Targets: []int{1}}}}}}
			require.Equal(t, want, x.candidates(w, kind), kind)
		}
		all := &wave{lives: []ongoing{{Round: &Round{Step: run.Step{Kind: "pause", Targets: f.voters}}}}}
		require.Equal(t, []int{3, 5}, x.candidates(all, "disk-full"), "rather than nobody")
	})
}

// Voters are made of whom some do not vote yet: else nothing would change, and what
// was installed would be nothing.
func TestAChangeOfVotersChangesThem(t *testing.T) {
	require.Equal(t, []int{2, 3, 4}, otherThan([]int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3, 4, 5}))
	require.Equal(t, []int{1, 2, 3}, otherThan([]int{1, 2, 3}, []int{1, 2, 3}, []int{1, 2, 3}), "there is nobody else")
	require.Equal(t, []int{1, 2, 4}, otherThan([]int{1, 2, 3}, []int{1, 2, 4}, []int{1, 2, 3, 4, 5}))
	require.Equal(t, []int{1, 2, 3}, otherThan([]int{1, 2, 3, 4, 5}, []int{1, 2, 3}, []int{1, 2, 3}))
}

// A fault that is not proved takes nothing from what another round's forbids.
func TestADoubtfulFaultExcusesNothingOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.noQuorum, f.lives = true, 3
		r := storming(t, f, 1, killing(0, 1, Leader, 1), killing(1, 1, Anyone, 2), killing(2, 2, Leader, 1))
		require.Contains(t, reasons(r), "did not bite")
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Positive(t, kinds(r)[NoQuorum])
	})
}

func TestTheCommandsTakeWhatTheRunWasGiven(t *testing.T) {
	p, _ := ProfileNamed("node")
	x := &execution{
		profile: &p, plan: run.Schedule{Driver: "process", Length: 20 * time.Second}, folder: run.Folder{Path: "runs/x"},
		opts: Options{Seed: 7, Levers: true, Binary: "/b/raftkv", Flags: map[string]string{"lease-reads": "true", "a": "1"}},
	}
	x.plan.Load.Workload = "lock"
	require.Equal(t, []string{
		"bin/chaos run --profile node --duration 20s --driver process --seed 7 --workload lock --levers --binary /b/raftkv --flag a=1 --flag lease-reads=true",
		"bin/chaos replay runs/x",
	}, x.commands())
}

// A run's image is noted, taken again by a repetition, and in the commands of both.
func TestAGivenImageGoesWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := play(t, row(t, "leader-kill"), newFake(), Options{Seed: 7, Image: "mine:1"})
		again, err := repeat(t.Context(), schedule(t, ran), Options{OutDir: t.TempDir()}, newFake().deps())
		require.NoError(t, err)
		for _, r := range []Result{ran, again} {
			require.Equal(t, "mine:1", schedule(t, r).Image)
			about, err := os.ReadFile(filepath.Join(r.Dir, run.RunFile))
			require.NoError(t, err)
			require.Contains(t, string(about), "bin/chaos run --scenario leader-kill --driver fake --seed 7 --image mine:1")
		}
	})
}

// A leader that was cut off leaves office, and is still the one that knows who votes.
func TestTheBestInformedNodeNamesTheVoters(t *testing.T) {
	behind := cluster.Status{Term: 2, LastIndex: 1210}
	old := cluster.Status{Term: 2, LastIndex: 1699, Role: "pre-candidate"}
	leader := cluster.Status{Term: 2, LastIndex: 1690, Role: "leader"}
	later := cluster.Status{Term: 3, LastIndex: 1200}
	inOrder := []cluster.Status{behind, old, leader, later}
	for i, a := range inOrder {
		for j, b := range inOrder {
			require.Equal(t, i > j, informed(a, b) > 0, "%+v and %+v", a, b)
		}
	}
}
