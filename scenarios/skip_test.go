package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAScenarioThatNeedsOtherDisksIsSkippedWithTheReason(t *testing.T) {
	s := Scenario{Name: "x", Disks: "floppy"}
	r, err := Run(t.Context(), s, Options{Driver: "process", Why: "a test", OutDir: t.TempDir()})
	require.NoError(t, err)
	require.Equal(t, `such disks cannot be had here: unknown kind "floppy"`, r.Skipped)
	require.Empty(t, r.Dir, "nothing was run")
	require.Empty(t, r.Verdict.Result)
}
