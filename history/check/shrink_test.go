package check

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

// What may be left out never makes a history impossible that was possible:
// otherwise a witness would prove nothing.
func TestLeavingOutKeepsAnOrder(t *testing.T) {
	left := 0
	for seed := range uint64(20000) {
		s := simulated(seed, 0)
		s.deletes, s.swaps = seed%2 == 0, seed%3 == 0
		ops := s.run(3+s.IntN(8), 1+s.IntN(4), s.IntN(2))
		live := registers(ops)[0].live
		i := s.IntN(len(live) + 1)
		without := leaveOut(live, i, min(len(live), i+1+s.IntN(3)))
		left += len(live) - len(without)
		require.True(t, linearizable(witness(without...)), "seed %d", seed)
		cut := until(live, ops[s.IntN(len(ops))].Call+int64(s.IntN(3)))
		require.True(t, linearizable(witness(cut...)), "seed %d", seed)
	}
	require.Greater(t, left, 10000)
}

func TestShrinkingFindsTheFewOperationsThatProveIt(t *testing.T) {
	b := &builder{}
	for i := range 100 {
		b.put("x", history.Some(string(rune('A'+i))))
	}
	// Two creations of one key, at once, that both won: only a search can tell.
	b.add(history.Operation{F: history.CAS, Key: "y", Call: 10, Return: 20, Input: history.Some("a"), Swapped: true})
	b.add(history.Operation{F: history.CAS, Key: "y", Call: 10, Return: 20, Input: history.Some("b"), Swapped: true})
	for i := range 50 {
		b.add(history.Operation{F: history.Get, Key: "y", Call: int64(30 + i), Return: int64(31 + i), Output: history.Some("b")})
	}
	v := Judge(b.ops, Options{})
	require.Equal(t, Violated, v.Result)
	require.Equal(t, NotLinearizable, v.Violations[0].Kind)
	require.Len(t, v.Violations[0].Witness, 2)
}

func TestShrinkingWithoutTimeStillProves(t *testing.T) {
	b := &builder{}
	b.add(history.Operation{F: history.CAS, Key: "y", Call: 10, Return: 20, Input: history.Some("a"), Swapped: true})
	b.add(history.Operation{F: history.CAS, Key: "y", Call: 10, Return: 20, Input: history.Some("b"), Swapped: true})
	r := registers(b.ops)[0]
	require.Len(t, r.shrink(1, time.Now().Add(-time.Second)), 2)
}

// builder writes histories by hand: operations one after another, unless they
// bring their own times.
type builder struct {
	now int64
	ops []history.Operation
}

func (b *builder) add(o history.Operation) {
	o.Process = len(b.ops)
	if o.Outcome == "" {
		o.Outcome = history.OutcomeOk
	}
	if o.Call == 0 {
		o.Call, o.Return = b.now+1, b.now+2
		b.now += 2
	}
	if o.Outcome == history.OutcomeUnknown {
		o.Return = history.Infinity
	}
	b.ops = append(b.ops, o)
}

func (b *builder) put(key string, v history.Value) {
	b.add(history.Operation{F: history.Put, Key: key, Input: v})
}

func (b *builder) get(key string, v history.Value) {
	b.add(history.Operation{F: history.Get, Key: key, Output: v})
}

func (b *builder) last() *history.Operation { return &b.ops[len(b.ops)-1] }
