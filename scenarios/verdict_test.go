package scenarios

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/harness/fault"
	"raftkv/harness/proof"
	"raftkv/harness/run"
	"raftkv/history"
	"raftkv/history/check"
)

// play runs a scenario on the fake, in fake time.
func play(t *testing.T, s Scenario, f *fake, o Options) Result {
	t.Helper()
	o.OutDir = t.TempDir()
	r, err := runWith(t.Context(), s, o, f.deps())
	require.NoError(t, err)
	return r
}

func row(t *testing.T, name string) Scenario {
	t.Helper()
	s, ok := ByName(name)
	require.True(t, ok, name)
	return s
}

// withFault is a row with its fault replaced.
func withFault(t *testing.T, name string, f func(Draw) fault.Fault) Scenario {
	s := row(t, name)
	s.Steps = append([]Step(nil), s.Steps...)
	s.Steps[0].Fault = f
	return s
}

func reasons(r Result) string { return strings.Join(r.Verdict.Reasons, "\n") }

func kinds(r Result) map[check.Kind]int {
	n := map[check.Kind]int{}
	for _, v := range r.Verdict.Violations {
		n[v.Kind]++
	}
	return n
}

func TestAnHonestStorePasses(t *testing.T) {
	for _, s := range []Scenario{
		row(t, "leader-kill"), row(t, "leader-kill-and-return"), row(t, "majority-lost"), row(t, "rolling-restart"),
		withFault(t, "leader-in-minority", cutTargets),
		withFault(t, "leader-in-majority", cutTargets),
		withFault(t, "leader-cut-from-peers-not-clients", cutTargets),
		withFault(t, "one-way-cut-of-leader", cutTargets),
	} {
		t.Run(s.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				r := play(t, s, f, Options{Seed: 7})
				require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
				require.True(t, f.closed)
				require.Positive(t, r.Recovery)
				require.NotEmpty(t, r.Verdict.Floors)
			})
		})
	}
}

func TestARunLeavesItsWholeFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := play(t, row(t, "leader-kill"), newFake(), Options{Seed: 7})
		for _, name := range []string{
			run.ScheduleFile, run.HistoryFile, run.EventsFile, run.RunFile, run.TimelineFile,
			run.VerdictFile, run.JUnitFile, run.ReportFile, "logs/n1.log",
		} {
			require.FileExists(t, filepath.Join(r.Dir, name))
		}
		folder := run.Folder{Path: r.Dir}
		var s run.Schedule
		require.NoError(t, folder.ReadJSON(run.ScheduleFile, &s))
		require.EqualValues(t, 7, s.Seed)
		require.Equal(t, []int{1}, s.Steps[0].Targets)
		require.Equal(t, 1, s.Steps[0].Leader)
		require.Less(t, s.Steps[0].Injected, s.Steps[0].Heal)
		require.Less(t, s.Steps[0].Healed, s.Steps[0].Recovered)
		require.NotNil(t, s.Steps[0].Bit)

		before, err := os.ReadFile(folder.File(run.ReportFile))
		require.NoError(t, err)
		require.NoError(t, os.Remove(folder.File(run.ReportFile)))
		require.NoError(t, folder.Render())
		after, err := os.ReadFile(folder.File(run.ReportFile))
		require.NoError(t, err)
		require.Equal(t, len(before), len(after), "a report can be rendered again from the folder")
		require.Contains(t, string(after), "Replication lag")
		require.NotContains(t, string(after), "Links that were cut", "a fake has no links")
	})
}

func TestAFaultThatDoesNotBiteIsInconclusive(t *testing.T) {
	for _, name := range []string{"leader-kill", "majority-lost"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.immortal = true
				r := play(t, row(t, name), f, Options{})
				require.Equal(t, check.Inconclusive, r.Verdict.Result, r.Verdict.Summary)
				require.Contains(t, reasons(r), "did not bite")
			})
		})
	}
}

func TestAFaultThatIsNotProvedIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{inject: func(*fake) (proof.Outcome, error) { return proof.Indeterminate, nil }, heal: installed}
		})
		r := play(t, s, newFake(), Options{})
		require.Equal(t, check.Inconclusive, r.Verdict.Result)
		require.Contains(t, reasons(r), "not proved that the fault bit")
	})
}

func TestAHealingThatIsNotProvedBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{
				inject: func(f *fake) (proof.Outcome, error) {
					f.mu.Lock()
					defer f.mu.Unlock()
					f.neverElects, f.leader = true, 0
					return proof.Installed, nil
				},
				heal: func(*fake) (proof.Outcome, error) { return proof.Indeterminate, nil },
			}
		})
		r := play(t, s, newFake(), Options{})
		require.Equal(t, check.Inconclusive, r.Verdict.Result, r.Verdict.Summary)
		require.Contains(t, reasons(r), "not proved that the fault was healed")
		require.Contains(t, reasons(r), "no write committed within")
	})
}

func TestAHarnessThatFailsSaysSoAndHealsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{inject: func(*fake) (proof.Outcome, error) { return proof.Failed, errors.New("wedged") }, heal: installed}
		})
		f := newFake()
		r := play(t, s, f, Options{})
		require.Equal(t, check.HarnessError, r.Verdict.Result)
		require.Contains(t, reasons(r), "wedged")
		require.Equal(t, 1, f.heals)
		require.True(t, f.closed)
	})
}

func TestAClusterThatDoesNotStartIsAHarnessError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.startFails = true
		r := play(t, row(t, "leader-kill"), f, Options{})
		require.Equal(t, check.HarnessError, r.Verdict.Result)
		require.Contains(t, reasons(r), "no room for another cluster")
		require.FileExists(t, filepath.Join(r.Dir, run.ReportFile))
	})
}

func TestTooFewOperationsAreInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := row(t, "leader-kill")
		s.Floors = []Floor{{During, history.Put, 1_000_000}}
		r := play(t, s, newFake(), Options{})
		require.Equal(t, check.Inconclusive, r.Verdict.Result)
		require.Contains(t, reasons(r), "of at least 1000000 put in phase during")
	})
}

func TestASlowMachineTakesLongerToReachTheFloors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.data.Delay = 600 * time.Millisecond
		r := play(t, row(t, "leader-kill"), f, Options{})
		require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
		for _, c := range r.Verdict.Floors {
			require.GreaterOrEqual(t, c.Counted, c.Min)
		}
	})
}

// On a busy machine the harness hears late of what has long happened.
func TestAFaultStaysUntilWhatItIsForWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.hides = 7 * time.Second
		r := play(t, row(t, "leader-kill"), f, Options{})
		require.Equal(t, check.Pass, r.Verdict.Result, r.Verdict.Summary)
	})
}

func TestWhatAProofLooksForLaterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		healed := time.Time{}
		shown := func(Round) error {
			if healed.IsZero() || time.Since(healed) < 5*time.Second {
				return errors.New("not yet")
			}
			return nil
		}
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{inject: installed, heal: func(*fake) (proof.Outcome, error) {
				healed = time.Now()
				return proof.Installed, nil
			}}
		})
		s.Steps[0].Then = shown
		require.Equal(t, check.Pass, play(t, s, newFake(), Options{}).Verdict.Result)
		require.GreaterOrEqual(t, time.Since(healed), 5*time.Second+tail)
	})
}

func TestSuccessWithoutAQuorumIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.noQuorum = true
		r := play(t, row(t, "majority-lost"), f, Options{})
		require.Equal(t, check.Violated, r.Verdict.Result, r.Verdict.Summary)
		require.Equal(t, map[check.Kind]int{NoQuorum: 1}, kinds(r))
		require.Len(t, r.Verdict.Violations[0].Witness, shown)
	})
}

func TestADeposedLeaderThatAnswersFromMemoryIsCaught(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.lying = true
		r := play(t, withFault(t, "leader-cut-from-peers-not-clients", cutTargets), f, Options{})
		require.Equal(t, check.Violated, r.Verdict.Result, r.Verdict.Summary)
		require.Positive(t, kinds(r)[check.StaleRead])
		require.Positive(t, kinds(r)[NoQuorum])
		drawings, err := filepath.Glob(filepath.Join(r.Dir, "linearizability-*.html"))
		require.NoError(t, err)
		require.NotEmpty(t, drawings)
	})
}

func TestAClusterThatDoesNotComeBackIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.neverElects = true
		r := play(t, row(t, "leader-kill"), f, Options{})
		require.Equal(t, check.Violated, r.Verdict.Result, r.Verdict.Summary)
		require.Positive(t, kinds(r)[NoProgress])
		require.Zero(t, r.Recovery)
	})
}

func TestANodeThatDiedOfItselfIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{inject: installed, heal: func(f *fake) (proof.Outcome, error) {
				_, err := f.Kill(context.Background(), 5)
				return proof.Installed, err
			}}
		})
		r := play(t, s, f, Options{})
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Equal(t, map[check.Kind]int{Died: 1}, kinds(r))
	})
}

func TestReplicasThatDifferAreAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := withFault(t, "slow-links", func(Draw) fault.Fault {
			return scripted{inject: installed, heal: installed}
		})
		s.Floors = nil
		f.data.Freeze("n3")
		r := play(t, s, f, Options{})
		require.Equal(t, check.Violated, r.Verdict.Result)
		require.Positive(t, kinds(r)[Diverged])
	})
}

func TestAnInterruptedRunIsHealedAndJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // in the middle of the hold
		defer cancel()
		f := newFake()
		r, err := runWith(ctx, row(t, "leader-kill"), Options{OutDir: t.TempDir()}, f.deps())
		require.NoError(t, err)
		require.Equal(t, check.Inconclusive, r.Verdict.Result, r.Verdict.Summary)
		require.Contains(t, reasons(r), "interrupted")
		require.Equal(t, 1, f.heals)
		require.True(t, f.closed)
		require.Less(t, r.Took, 8*time.Second)
		require.Positive(t, r.Verdict.Operations)
	})
}

func TestARunInterruptedBeforeItBeganIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f := newFake()
		f.startFails = true
		r, err := runWith(ctx, row(t, "leader-kill"), Options{OutDir: t.TempDir()}, f.deps())
		require.NoError(t, err)
		require.Equal(t, check.Inconclusive, r.Verdict.Result, r.Verdict.Summary)
		require.Contains(t, reasons(r), "interrupted")
	})
}

func TestProgressTellsPhasesAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var phases []Phase
		var last Update
		o := Options{Progress: func(u Update) {
			if len(phases) == 0 || phases[len(phases)-1] != u.Phase {
				phases = append(phases, u.Phase)
			}
			require.GreaterOrEqual(t, u.Counts.Ok, last.Counts.Ok)
			last = u
		}}
		play(t, row(t, "leader-kill"), newFake(), o)
		require.Equal(t, []Phase{"", Before, Inject, During, Heal, Recovery, After, Drain, Final}, phases)
		require.Positive(t, last.Counts.Ok)
		require.Positive(t, last.Total)
	})
}

// At the end: a cluster that answers for some keys serves, and one that answers for
// none does not.
func TestKeysThatCannotBeReadAtTheEnd(t *testing.T) {
	for finals, want := range map[int]check.Result{0: check.Violated, 3: check.Inconclusive} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.finals = finals
			r := play(t, row(t, "leader-kill"), f, Options{Seed: 7, Progress: func(u Update) {
				if u.Phase == Final {
					f.mu.Lock()
					f.muted = true
					f.mu.Unlock()
				}
			}})
			require.Equal(t, want, r.Verdict.Result, r.Verdict.Summary)
			require.Contains(t, r.Verdict.Summary, "keys could not be read")
		})
	}
}
