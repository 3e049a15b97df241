package history

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var everyField = []Event{
	{Time: 1, Process: 0, Kind: Invoke, F: Put, Key: "k", Value: Some("")},
	{Time: 2, Process: 0, Kind: Ok, F: Put, Key: "k", Value: Some(""), Node: "3"},
	{Time: 2, Process: 1, Kind: Invoke, F: CAS, Key: "k\xff", Value: Some("\xfe\n"), Expect: Some("a")},
	{Time: 5, Process: 1, Kind: Ok, F: CAS, Key: "k\xff", Value: Some("a"), Swapped: true},
	{Time: 6, Process: 1, Kind: Invoke, F: Get, Key: "k", Final: true},
	{Time: 7, Process: 1, Kind: Ok, F: Get, Key: "k", Final: true},
	{Time: 8, Process: 1, Kind: Invoke, F: Get, Key: "k", Stale: true},
	{Time: 9, Process: 1, Kind: Info, F: Get, Key: "k", Stale: true, MaxAge: 5, Error: "deadline exceeded"},
	{Time: 9, Process: 2, Kind: Invoke, F: Delete, Key: "k"},
	{Time: 10, Process: 2, Kind: Fail, F: Delete, Key: "k", Error: "not leader"},
}

func lines(t testing.TB, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, e := range events {
		require.NoError(t, w.Append(e))
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	got, format, err := Read(bytes.NewReader(lines(t, everyField)))
	require.NoError(t, err)
	require.Equal(t, FormatJSONL, format)
	require.Equal(t, everyField, got)
}

func TestTheLinesAreTheDocumentedOnes(t *testing.T) {
	e := Event{Time: 2500, Process: 3, Kind: Ok, F: CAS, Key: "k1", Value: Some("a"), Expect: Some("a"), Swapped: true, Node: "2"}
	line := strings.TrimSpace(string(lines(t, []Event{e})))
	require.Equal(t, `{"t":2500,"p":3,"k":"ok","f":"cas","key":"k1","v":"a","x":"a","won":true,"node":"2"}`, line)
	doc, err := os.ReadFile("../docs/HISTORY.md")
	require.NoError(t, err)
	require.Contains(t, string(doc), line)
}

// Lines are decoded in batches; they are visited in order, and counted through.
func TestALongFileIsReadInOrder(t *testing.T) {
	var whole strings.Builder
	for i := range 3*batch + 7 {
		fmt.Fprintf(&whole, "{\"t\":%d,\"p\":%d,\"k\":\"invoke\",\"f\":\"get\",\"key\":\"k\"}\n", i, i)
	}
	events, err := ReadJSONL(strings.NewReader(whole.String()))
	require.NoError(t, err)
	require.Len(t, events, 3*batch+7)
	for i, e := range events {
		require.EqualValues(t, i, e.Time)
	}
	_, err = ReadJSONL(strings.NewReader(whole.String() + "{\n" + whole.String()))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, fmt.Sprintf("line %d:", 3*batch+8))
}

func TestATornLastLineIsDropped(t *testing.T) {
	whole := lines(t, everyField)
	for cut := len(whole) - 2; cut > bytes.LastIndexByte(whole[:len(whole)-1], '\n'); cut-- {
		got, err := ReadJSONL(bytes.NewReader(whole[:cut]))
		require.NoError(t, err)
		require.Equal(t, everyField[:len(everyField)-1], got)
	}
	got, err := ReadJSONL(bytes.NewReader(whole[:len(whole)-1]))
	require.NoError(t, err)
	require.Equal(t, everyField, got, "a whole last line counts without its newline")
}

func TestABrokenLineIsNamed(t *testing.T) {
	good := string(lines(t, everyField[:1]))
	for _, bad := range []string{"{\n", `{"t":1,"p":1,"k":"maybe","f":"get"}` + "\n", `{"t":1,"p":1,"k":"ok","f":"pop"}` + "\n", `{"p":1,"k":"ok","f":"get"}` + "\n"} {
		_, err := ReadJSONL(strings.NewReader(good + bad + good))
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "line 2")
	}
}

type failingWriter struct{ calls int }

func (w *failingWriter) Write([]byte) (int, error) {
	w.calls++
	return 0, errors.New("disk full")
}

func TestAWriterStopsAtItsFirstError(t *testing.T) {
	f := &failingWriter{}
	w := NewWriter(f)
	require.ErrorContains(t, w.Append(everyField[0]), "disk full")
	require.ErrorContains(t, w.Append(everyField[1]), "disk full")
	require.Equal(t, 1, f.calls)
}

func TestWritersMayBeMany(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for range 50 {
				_ = w.Append(Event{Process: p, Kind: Invoke, F: Get, Key: "k"})
			}
		})
	}
	wg.Wait()
	got, err := ReadJSONL(&b)
	require.NoError(t, err)
	require.Len(t, got, 400)
}

func TestPair(t *testing.T) {
	ops, err := Pair(everyField)
	require.NoError(t, err)
	require.Len(t, ops, 5)
	require.Equal(t, Operation{F: Put, Key: "k", Call: 1, Return: 2, Input: Some(""), Outcome: OutcomeOk, Node: "3"}, ops[0])
	require.Equal(t, Some("a"), ops[1].Output)
	require.Equal(t, Some("\xfe\n"), ops[1].Input)
	require.True(t, ops[1].Swapped)
	require.True(t, ops[2].Final)
	require.Equal(t, OutcomeUnknown, ops[3].Outcome)
	require.Equal(t, Infinity, ops[3].Return)
	require.EqualValues(t, 9, ops[3].GaveUp)
	require.Equal(t, OutcomeFail, ops[4].Outcome)
	require.False(t, ops[0].Before(ops[1]), "an instant in common is concurrent")
	require.True(t, ops[0].Before(ops[2]))
}

func TestWhatNeverEndsIsUnknown(t *testing.T) {
	ops, err := Pair(everyField[:3])
	require.NoError(t, err)
	require.Equal(t, OutcomeUnknown, ops[1].Outcome)
	require.EqualValues(t, 40, ops[1].End(40))
}

func TestPairRefusesWhatNoClientDoes(t *testing.T) {
	invoke := Event{Time: 5, Kind: Invoke, F: Get, Key: "k"}
	for name, events := range map[string][]Event{
		"nothing open": {{Kind: Ok, F: Get}},
		"still open":   {invoke, invoke},
		"ends get":     {invoke, {Time: 6, Kind: Ok, F: Put, Key: "k"}},
		`"other"`:      {invoke, {Time: 6, Kind: Ok, F: Get, Key: "other"}},
		"before its":   {invoke, {Time: 4, Kind: Ok, F: Get, Key: "k"}},
		"unknown kind": {invoke, {Time: 6, Kind: "odd", F: Get, Key: "k"}},
	} {
		_, err := Pair(events)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, name)
	}
}

// The example in the page on the format is a history that passes.
func TestTheExampleInThePageIsAHistory(t *testing.T) {
	page, err := os.ReadFile("../docs/HISTORY.md")
	require.NoError(t, err)
	_, example, _ := strings.Cut(string(page), "```\n{")
	example, _, _ = strings.Cut("{"+example, "```")
	events, format, err := Read(strings.NewReader(example))
	require.NoError(t, err)
	require.Equal(t, FormatJSONL, format)
	ops, err := Pair(events)
	require.NoError(t, err)
	require.Len(t, ops, 2)
	require.Equal(t, Put, ops[0].F)
	require.Equal(t, ops[0].Input, ops[1].Output, "the cas saw what the put wrote")
}
