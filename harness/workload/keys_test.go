package workload

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestAKeyTakesNoMoreClientsThanItMay(t *testing.T) {
	k := newKeys("k", KeyLimits{Active: 2, Operations: 100, Clients: 3, Unknown: 4})
	r := testRand()
	held := map[string]int{}
	var leases []*key
	for range 6 {
		l, _ := k.take(r)
		require.NotNil(t, l)
		leases = append(leases, l)
		held[l.name]++
	}
	require.Equal(t, map[string]int{"k000": 3, "k001": 3}, held)
	none, _ := k.take(r)
	require.Nil(t, none, "every key is full")
	k.give(leases[0], history.Ok, nil)
	again, _ := k.take(r)
	require.Same(t, leases[0], again)
}

func TestAKeyIsReplacedOnceItsBudgetIsSpent(t *testing.T) {
	k := newKeys("k", KeyLimits{Active: 1, Operations: 10, Clients: 2, Unknown: 4})
	r := testRand()
	used := map[string]int{}
	for range 35 {
		l, _ := k.take(r)
		used[l.name]++
		k.give(l, history.Ok, nil)
	}
	require.Equal(t, map[string]int{"k000": 10, "k001": 10, "k002": 10, "k003": 5}, used)
	require.Equal(t, []string{"k000", "k001", "k002", "k003"}, k.all())
}

func TestAKeyWithManyUnknownOutcomesIsRetiredEarly(t *testing.T) {
	k := newKeys("k", KeyLimits{Active: 1, Operations: 100, Clients: 5, Unknown: 2})
	r := testRand()
	for range 2 {
		l, _ := k.take(r)
		require.Equal(t, "k000", l.name)
		k.give(l, history.Info, nil)
	}
	l, _ := k.take(r)
	require.Equal(t, "k001", l.name)
}

func TestTheGuessIsTheLatestValueTold(t *testing.T) {
	k := newKeys("k", KeyLimits{Active: 1, Operations: 100, Clients: 5, Unknown: 2})
	r := testRand()
	l, guess := k.take(r)
	require.False(t, guess.Present)
	k.give(l, history.Ok, &history.Value{Present: true, Data: "a"})
	l, guess = k.take(r)
	require.Equal(t, "a", guess.Data)
	k.give(l, history.Fail, nil)
	_, guess = k.take(r)
	require.Equal(t, "a", guess.Data, "a failure tells nothing")
}

func TestTheMixIsDrawnByWeight(t *testing.T) {
	r, n := testRand(), map[history.Function]int{}
	for range 10_000 {
		n[Mix{Put: 5, Get: 3, CAS: 2}.pick(r)]++
	}
	require.InDelta(t, 5000, n[history.Put], 300)
	require.InDelta(t, 3000, n[history.Get], 300)
	require.InDelta(t, 2000, n[history.CAS], 300)
	require.Zero(t, n[history.Delete])
}

func TestTheSeedDecidesTheLoad(t *testing.T) {
	require.Equal(t, NewConfig(7), NewConfig(7))
	mixes := map[Mix]bool{}
	for seed := range uint64(10) {
		mixes[NewConfig(seed).Mix] = true
	}
	require.Greater(t, len(mixes), 5)
}
