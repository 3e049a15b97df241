package fault_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"raftkv/harness/fault"
)

// spec is a spec of the kind on five nodes, with the defaults.
func spec(k fault.Kind) fault.Spec {
	s := fault.Spec{Kind: k.Name, Targets: []int{2}, Others: []int{1, 3, 4, 5}, Leader: 2}
	if k.Aim == fault.AimAll {
		s.Targets, s.Others = nil, []int{1, 2, 3, 4, 5}
	}
	return s
}

func TestEveryKindIsBuiltFromDataAlone(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range fault.Kinds() {
		require.False(t, seen[k.Name], "two kinds are called %s", k.Name)
		seen[k.Name] = true
		assert.NotEmpty(t, k.Words, k.Name)
		f, err := fault.Build(spec(k))
		require.NoError(t, err, k.Name)
		assert.NotEmpty(t, f.Name(), k.Name)
	}
}

func TestEveryValueOfAParameterCanBeBuilt(t *testing.T) {
	for _, k := range fault.Kinds() {
		for _, p := range k.Parameters {
			for _, fraction := range []float64{0, 0.3, 0.999999} {
				s := spec(k)
				s.Parameters = map[string]string{p.Name: p.Value(fraction)}
				_, err := fault.Build(s)
				require.NoError(t, err, "%s %s=%s", k.Name, p.Name, p.Value(fraction))
			}
		}
	}
}

func TestEveryKindIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/FAULTS.md")
	require.NoError(t, err)
	for _, k := range fault.Kinds() {
		assert.True(t, strings.Contains(string(doc), "`"+k.Name+"`"), "docs/FAULTS.md does not name %s", k.Name)
	}
}

func TestASpecThatMakesNoSenseIsRefused(t *testing.T) {
	nodes := []int{1, 2, 3}
	for words, s := range map[string]fault.Spec{
		"no kind":          {Kind: "frobnicate", Others: nodes},
		"takes a target":   {Kind: "kill", Others: nodes},
		"takes no":         {Kind: "kill", Targets: nodes, Parameters: map[string]string{"mode": "drop"}},
		"one of drop":      {Kind: "isolate", Targets: nodes, Parameters: map[string]string{"mode": "saw"}},
		"from 5ms to 80ms": {Kind: "latency", Others: nodes, Parameters: map[string]string{"latency": "1h"}},
	} {
		_, err := fault.Build(s)
		require.ErrorIs(t, err, fault.ErrSpec)
		assert.ErrorContains(t, err, words)
	}
}
