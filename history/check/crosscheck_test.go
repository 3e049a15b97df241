package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/history"
)

// On histories that are a size too large to try every order, zones and porcupine
// still say the same: both have judged each of these.
func TestZonesAndPorcupineAgree(t *testing.T) {
	good, bad := 0, 0
	for seed := range uint64(1500) {
		s := simulated(seed, 0.05*float64(seed%2))
		s.deletes, s.swaps, s.values = false, false, 0
		ops := s.run(20+s.IntN(60), 2+s.IntN(5), s.IntN(2))
		r := registers(ops)[0]
		require.True(t, r.decidedByZones())
		zones := len(r.sharp()) == 0
		answer := linearize([]*register{r}, defaultBudget, defaultMemory)[0]
		require.Empty(t, answer.why)
		require.Equal(t, zones, answer.result == "Ok", dump(seed, ops, Judge(ops, Options{})))
		if zones {
			good++
		} else {
			bad++
		}
	}
	require.Greater(t, good, 300)
	require.Greater(t, bad, 300)
}

// The second opinion really is one: it finds what the first judges are not asked.
func TestTheSecondOpinionFindsWhatZonesWouldMiss(t *testing.T) {
	r := registers([]history.Operation{put("a", 1, 2), put("b", 3, 4), get("a", 5, 6)})[0]
	found := secondOpinion([]*register{r})
	require.Len(t, found, 1)
	require.Equal(t, NotLinearizable, found[0].Kind)
	require.Empty(t, secondOpinion(registers([]history.Operation{put("a", 1, 2), get("a", 5, 6)})))
}

func TestADisputedAccusationIsNamedAndStands(t *testing.T) {
	innocent := Violation{Kind: StaleRead, Key: "k", Witness: []history.Operation{put("a", 1, 2), get("a", 3, 4)}}
	require.Len(t, unconfirmed([]Violation{innocent}), 1)
	v := Judge(bad(), Options{Violations: []Violation{innocent}})
	require.Equal(t, Violated, v.Result)
	require.Contains(t, v.text(), "also: the judges disagree")
	require.Empty(t, Judge(bad(), Options{}).Reasons)
}
