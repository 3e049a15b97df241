package recorder

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

func create(t *testing.T) (*Recorder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := Create(path, NewClock())
	require.NoError(t, err)
	return r, path
}

func read(t *testing.T, path string) []history.Event {
	t.Helper()
	events, _, err := history.ReadFile(path)
	require.NoError(t, err)
	return events
}

func TestAnOperationIsRecordedFromInvocationToEnd(t *testing.T) {
	r, path := create(t)
	c := r.Client()
	written := history.Value{Present: true, Data: "v"}
	c.Invoke(history.Event{F: history.CAS, Key: "k", Value: written, Node: "2"})
	c.Ok(history.Value{Present: true, Data: "old"}, true)
	require.NoError(t, r.Close())

	ops, err := history.Pair(read(t, path))
	require.NoError(t, err)
	require.Len(t, ops, 1)
	require.Equal(t, written, ops[0].Input)
	require.Equal(t, "old", ops[0].Output.Data)
	require.True(t, ops[0].Swapped)
	require.Equal(t, "2", ops[0].Node)
	require.Less(t, ops[0].Call, ops[0].Return)
}

func TestAnUnknownOutcomeRetiresItsProcess(t *testing.T) {
	r, path := create(t)
	c, other := r.Client(), r.Client()
	first := c.Process()
	c.Invoke(history.Event{F: history.Put, Key: "k"})
	c.Info(errors.New("lost"))
	second := c.Process()
	require.NotEqual(t, first, second)
	require.NotEqual(t, other.Process(), second)
	c.Invoke(history.Event{F: history.Get, Key: "k"})
	c.Fail(errors.New("refused"))
	require.Equal(t, second, c.Process(), "a definite failure keeps the process")
	require.NoError(t, r.Close())

	ops, err := history.Pair(read(t, path))
	require.NoError(t, err)
	require.Equal(t, history.OutcomeUnknown, ops[0].Outcome)
	require.Equal(t, history.OutcomeFail, ops[1].Outcome)
	require.Equal(t, "refused", ops[1].Error)
}

func TestTheFileIsReadableWhileTheRunGoesOn(t *testing.T) {
	r, path := create(t)
	c := r.Client()
	c.Invoke(history.Event{F: history.Put, Key: "k"})
	events := read(t, path)
	require.Len(t, events, 1, "nothing is kept back until the end")
	ops, err := history.Pair(events)
	require.NoError(t, err)
	require.Equal(t, history.OutcomeUnknown, ops[0].Outcome, "an open operation is unknown")
	c.Ok(history.Value{}, false)
	require.NoError(t, r.Close())
}

func TestTheFileIsInTheOrderOfTime(t *testing.T) {
	r, path := create(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			c := r.Client()
			for range 50 {
				c.Invoke(history.Event{F: history.Put, Key: "k"})
				c.Ok(history.Value{}, false)
			}
		})
	}
	wait.Wait()
	require.NoError(t, r.Close())
	events := read(t, path)
	require.Len(t, events, 8*50*2)
	for i := 1; i < len(events); i++ {
		require.LessOrEqual(t, events[i-1].Time, events[i].Time)
	}
	require.Equal(t, Counts{Ok: 400, Writes: 400}, r.Counts())
}

func TestTheFirstExpectedWriteIsTheFirstToReturn(t *testing.T) {
	r, path := create(t)
	a, b, late := r.Client(), r.Client(), r.Client()
	late.Invoke(history.Event{F: history.Put, Key: "k"})
	r.Expect(r.clock.Now())
	late.Ok(history.Value{}, false)
	a.Invoke(history.Event{F: history.CAS, Key: "k"})
	a.Ok(history.Value{}, false)
	require.Zero(t, r.FirstWrite(), "one called earlier does not count, nor does a lost swap")
	a.Invoke(history.Event{F: history.Put, Key: "k"})
	b.Invoke(history.Event{F: history.Put, Key: "k"})
	b.Ok(history.Value{}, false)
	first := r.FirstWrite()
	a.Ok(history.Value{}, false)
	require.Equal(t, first, r.FirstWrite())
	require.NoError(t, r.Close())
	events := read(t, path)
	require.Equal(t, events[len(events)-2].Time, first, "it is the instant in the history")
}

func TestTheFirstExpectedReadIsNoStaleOne(t *testing.T) {
	r, _ := create(t)
	c := r.Client()
	r.Expect(r.clock.Now())
	c.Invoke(history.Event{F: history.Get, Key: "k", Stale: true})
	c.Ok(history.Value{}, false)
	require.Zero(t, r.FirstRead())
	c.Invoke(history.Event{F: history.Get, Key: "k"})
	c.Ok(history.Value{}, false)
	require.Positive(t, r.FirstRead())
	require.Zero(t, r.FirstWrite())
}

func TestAskedCountsReadsAtANodeSinceTheMark(t *testing.T) {
	r, _ := create(t)
	c := r.Client()
	ask := func(e history.Event) {
		c.Invoke(e)
		c.Fail(nil)
	}
	ask(history.Event{F: history.Get, Node: "2"})
	require.Zero(t, r.Asked("2"))
	r.Mark()
	ask(history.Event{F: history.Get, Node: "2"})
	ask(history.Event{F: history.Get, Node: "2", Stale: true})
	ask(history.Event{F: history.Put, Node: "2"})
	ask(history.Event{F: history.Get, Node: "3"})
	require.Equal(t, 1, r.Asked("2"))
}

func TestSinceMarkCountsWhatWasCalledAfterIt(t *testing.T) {
	r, _ := create(t)
	a, b := r.Client(), r.Client()
	require.Empty(t, r.SinceMark())
	a.Invoke(history.Event{F: history.Put, Key: "k"})
	r.Mark()
	a.Ok(history.Value{}, false)
	b.Invoke(history.Event{F: history.Get, Key: "k"})
	require.Empty(t, r.SinceMark(), "neither what was called before nor what is open")
	b.Ok(history.Value{}, false)
	b.Invoke(history.Event{F: history.Get, Key: "k", Stale: true})
	b.Ok(history.Value{}, false)
	require.Equal(t, map[history.Function]int{history.Get: 1}, r.SinceMark(), "a stale read is none of those that floors count")
	r.Mark()
	require.Empty(t, r.SinceMark())
	require.NoError(t, r.Close())
}

func TestAnErrorOfTheFileIsKept(t *testing.T) {
	r, path := create(t)
	_, err := Create(path, NewClock())
	require.ErrorIs(t, err, os.ErrExist, "a history is never overwritten")
	require.NoError(t, r.file.Close())
	r.Client().Invoke(history.Event{F: history.Get, Key: "k"})
	require.Error(t, r.Err())
	require.Equal(t, r.Err(), r.Close())
}
