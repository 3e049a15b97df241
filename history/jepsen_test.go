package history

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const ednRegisters = `
{:type :invoke, :f :write, :value [0 3], :time 100, :process 0, :index 0}
{:type :info, :f :start, :value nil, :process :nemesis, :time 100, :index 1}
#jepsen.history.Op{:type :invoke, :f :read, :value [0 nil], :time 100, :process 1, :index 2}
{:type :ok, :f :write, :value [0 3], :time 200, :process 0, :index 3}
{:type :ok, :f :read, :value [0 3], :time 300, :process 1, :index 4}
{:type :invoke, :f :cas, :value [0 [3 4]], :time 310, :process 0, :index 5}
{:type :invoke, :f :cas, :value [1 [nil 4]], :time 311, :process 1, :index 6}
{:type :ok, :f :cas, :value [0 [3 4]], :time 320, :process 0, :index 7}
{:type :info, :f :cas, :value [1 [nil 4]], :time 330, :process 1, :error :timeout, :index 8}
`

func TestReadEDNWithManyRegisters(t *testing.T) {
	events, format, err := Read(strings.NewReader(ednRegisters))
	require.NoError(t, err)
	require.Equal(t, FormatEDN, format)
	require.Len(t, events, 8)
	require.EqualValues(t, 101, events[1].Time, "the file's order counts where its clock ties")
	ops, err := Pair(events)
	require.NoError(t, err)
	require.Equal(t, Operation{F: Put, Key: "0", Call: 100, Return: 200, Input: Some("3"), Outcome: OutcomeOk}, ops[0])
	require.Equal(t, Some("3"), ops[1].Output)
	require.Equal(t, Operation{F: CAS, Key: "0", Call: 310, Return: 320, Expect: Some("3"), Input: Some("4"), Output: Some("3"), Swapped: true, Outcome: OutcomeOk}, ops[2])
	require.Equal(t, Value{}, ops[3].Expect)
	require.Equal(t, "1", ops[3].Key)
	require.Equal(t, OutcomeUnknown, ops[3].Outcome)
	require.Equal(t, ":timeout", ops[3].Error)
}

func TestReadEDNOfOneRegister(t *testing.T) {
	events, err := ReadEDN(strings.NewReader(`; a comment
[{:process 0 :type :invoke :f :cas :value [1 2]} {:process 0 :type :fail :f :cas :value [1 2]}
 {:process 0 :type :invoke :f :read :value nil :key "x"} {:process 0 :type :ok :f :read :value nil :key "x"}]`))
	require.NoError(t, err)
	require.Equal(t, Some("1"), events[0].Expect)
	require.Equal(t, Fail, events[1].Kind)
	require.Equal(t, "x", events[3].Key)
	require.False(t, events[3].Value.Present)
	_, err = Pair(events)
	require.NoError(t, err)
}

func TestReadEDNRefusesWhatItCannotJudge(t *testing.T) {
	for _, bad := range []string{
		`{:process 0 :type :invoke :f :txn :value [[:r 1 nil]]}`, `{:process 0 :type :what :f :read}`,
		`{:process 0 :type :ok :f :read :value 1}`, `{:process 0 :type :invoke :f :cas :value 3}`, `{:process 0`, `17`,
	} {
		_, err := ReadEDN(strings.NewReader(bad))
		require.ErrorIs(t, err, ErrMalformed, bad)
		require.ErrorContains(t, err, "operation 1", bad)
	}
}

const oldLog = "INFO  jepsen.core - starting\n" +
	"INFO  jepsen.util - 3\t:invoke\t:write\t4\n" +
	"INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n" +
	"INFO  jepsen.util - 3\t:fail\t:write\t:timed-out\n" +
	"INFO  jepsen.util - 8\t:invoke\t:cas\t[4 0]\n" +
	"INFO  jepsen.util - 8\t:ok\t:cas\t[4 0]\n" +
	"INFO  jepsen.util - 8\t:invoke\t:read\tnil\n" +
	"INFO  jepsen.util - 8\t:fail\t:read\t:timed-out\n" +
	"INFO  jepsen.util - 8\t:invoke\t:read\tnil\n" +
	"INFO  jepsen.util - 8\t:ok\t:read\t0\n"

func TestReadJepsenLog(t *testing.T) {
	events, format, err := Read(strings.NewReader(oldLog))
	require.NoError(t, err)
	require.Equal(t, FormatJepsenLog, format)
	ops, err := Pair(events)
	require.NoError(t, err)
	require.Len(t, ops, 4)
	require.Equal(t, OutcomeUnknown, ops[0].Outcome, "a write that timed out")
	require.True(t, ops[1].Swapped)
	require.Equal(t, Some("4"), ops[1].Output)
	require.Equal(t, OutcomeFail, ops[2].Outcome, "a read that timed out")
	require.Equal(t, Some("0"), ops[3].Output)
}

func TestReadJepsenLogWithANewerPrefix(t *testing.T) {
	for _, prefix := range []string{
		"2020-01-02 10:00:00,123{GMT}\tINFO\t[jepsen worker 0] jepsen.util: ",
		"INFO [2020-01-02 10:00:00,123] jepsen worker 0 - jepsen.util ",
	} {
		events, err := ReadJepsenLog(strings.NewReader(prefix + "0\t:invoke\t:write\t[7 1]\n" + prefix + "0\t:ok\t:write\t[7 1]"))
		require.NoError(t, err)
		require.Len(t, events, 2)
		require.Equal(t, "7", events[1].Key)
	}
}

func TestReadJepsenLogNamesTheLine(t *testing.T) {
	_, err := ReadJepsenLog(strings.NewReader(oldLog + "INFO  jepsen.util - 9\t:invoke\t:enqueue\t1\n"))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "line 11")
}

func TestOtherFilesAreNoHistories(t *testing.T) {
	for _, text := range []string{"hello", "{}", "<html>", "[1 2]"} {
		_, _, err := Read(strings.NewReader(text))
		require.ErrorIs(t, err, ErrUnknownFormat, text)
	}
	for _, text := range []string{"", " \n"} {
		_, _, err := Read(strings.NewReader(text))
		require.ErrorIs(t, err, ErrEmpty)
	}
	_, _, err := ReadFile("testdata/none")
	require.ErrorContains(t, err, "testdata/none")
}

// Whatever a file holds, reading it ends in a history that pairs or in an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(ednRegisters))
	f.Add([]byte(oldLog))
	f.Add(lines(f, everyField))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, format, err := Read(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		if _, err := Pair(events); err != nil {
			require.ErrorIs(t, err, ErrMalformed)
		}
		if format == FormatJSONL {
			again, err := ReadJSONL(strings.NewReader(string(lines(t, events))))
			require.NoError(t, err)
			require.Equal(t, len(events), len(again))
		}
	})
}
