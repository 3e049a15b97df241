package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

func op(f history.Function, call, ret int64) history.Operation {
	return history.Operation{Key: "k", F: f, Call: call, Return: ret, Process: int(call), Outcome: history.OutcomeOk}
}

func put(v string, call, ret int64) history.Operation {
	o := op(history.Put, call, ret)
	o.Input = history.Some(v)
	return o
}

func get(v string, call, ret int64) history.Operation {
	o := op(history.Get, call, ret)
	o.Output = history.Value{Present: v != "", Data: v}
	return o
}

func final(o history.Operation) history.Operation {
	o.Final = true
	return o
}

func lostSwap(saw string, call, ret int64) history.Operation {
	o := get(saw, call, ret)
	o.F, o.Expect, o.Input = history.CAS, history.Some("other"), history.Some("never")
	return o
}

func removal(call, ret int64) history.Operation {
	o := op(history.Delete, call, ret)
	o.Output = history.Some("")
	return o
}

// A node that is behind answers gets and nothing else. What only its get says is
// a stale read, whoever comes after it with the truth.
func TestAStaleGetAccusesNoWrite(t *testing.T) {
	for name, ops := range map[string][]history.Operation{
		"an old value between two sights of the new": {
			put("a", 1, 2), put("b", 3, 4), get("a", 5, 6), lostSwap("b", 7, 8),
		},
		"absence between two sights of the value": {
			put("a", 1, 2), get("", 3, 4), lostSwap("a", 5, 6),
		},
		"a value after its removal": {
			put("a", 1, 2), removal(3, 4), get("a", 5, 6), final(get("", 7, 8)),
		},
		"one of two writes at once, then the other": {
			put("a", 1, 10), put("b", 1, 10), get("a", 11, 12), get("b", 13, 14), final(get("a", 15, 16)),
		},
	} {
		v := Judge(ops, Options{})
		require.Len(t, v.Counts, 1, "%s\n%s", name, v.text())
		require.Positive(t, v.Counts[StaleRead], name)
	}
}

func TestTheOtherReadingOfAGetIsNamed(t *testing.T) {
	v := Judge([]history.Operation{put("a", 1, 2), removal(3, 20), get("a", 21, 22), final(get("", 23, 24))}, Options{})
	require.Contains(t, v.text(), "Or the get by process 21 is the stale one.")
	unknown := put("a", 1, history.Infinity)
	unknown.Outcome = history.OutcomeUnknown
	v = Judge([]history.Operation{unknown, get("a", 3, 4), put("b", 5, 6), final(get("a", 7, 8))}, Options{})
	require.Contains(t, v.text(), "Or the get by process 3, begun at 3 ns, is what was wrong")
}

func TestALostWriteIsNotHiddenByAStaleRead(t *testing.T) {
	for _, end := range []history.Operation{final(get("a", 9, 10)), lostSwap("a", 9, 10)} {
		v := Judge([]history.Operation{put("a", 1, 2), put("b", 3, 4), get("b", 5, 6), get("a", 7, 8), end}, Options{})
		require.Positive(t, v.Counts[LostWrite], v.text())
	}
	v := Judge([]history.Operation{put("a", 1, 2), get("", 3, 4), final(get("", 5, 6))}, Options{})
	require.Equal(t, map[Kind]int{StaleRead: 1, LostWrite: 1}, v.Counts, v.text())
	require.Equal(t, StaleRead, v.Violations[0].Kind, "reads are listed first")
}

// With nothing broken but gets no write is ever accused.
func TestNodesThatAreBehindMakeStaleReadsOnly(t *testing.T) {
	found := 0
	for seed := range uint64(6000) {
		s := simulated(seed, 0)
		s.behind = 0.3
		ops := s.run(4+s.IntN(40), 1+s.IntN(5), 1+s.IntN(2))
		v := Judge(ops, Options{})
		for kind, n := range v.Counts {
			require.Contains(t, []Kind{StaleRead, NotLinearizable}, kind, dump(seed, ops, v))
			found += n
		}
	}
	require.Greater(t, found, 1000)
}

func TestInstantsAreWrittenToBeToldApart(t *testing.T) {
	for ns, want := range map[int64]string{0: "0 s", 7: "7 ns", 1500: "1.5 µs", 250_000: "0.0003 s", 2_477_800_000: "2.4778 s"} {
		require.Equal(t, want, seconds(ns))
	}
}

func TestAPassIsCountedInWords(t *testing.T) {
	require.Equal(t, "An order explains all 2 operations on 1 key.", Judge(good(), Options{}).Summary)
}

func TestABrokenHarnessIsOneReason(t *testing.T) {
	v := Judge(nil, Options{Errors: []string{"start cluster: no such flag"}, Floors: []Floor{{Min: 30}}})
	require.Equal(t, []string{"start cluster: no such flag"}, v.Reasons)
}
