package proof_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"raftkv/harness/proof"
)

func TestJoinKeepsTheWorstOutcome(t *testing.T) {
	ok := proof.Evidence{Action: "drop", Target: "1->2", Outcome: proof.Installed, Took: time.Second}
	dim := proof.Evidence{Action: "drop", Target: "1->3", Outcome: proof.Indeterminate, Detail: "node 3 is dead"}
	bad := proof.Evidence{Action: "drop", Target: "1->4", Outcome: proof.Failed}

	assert.Equal(t, proof.Installed, proof.Join("a", "b", ok, ok).Outcome)
	assert.Equal(t, proof.Indeterminate, proof.Join("a", "b", ok, dim).Outcome)
	assert.Equal(t, proof.Failed, proof.Join("a", "b", bad, dim, ok).Outcome)
	assert.Equal(t, proof.Skipped, proof.Join("a", "b").Outcome)

	e := proof.Join("isolate", "n1", ok, dim)
	assert.Equal(t, time.Second, e.Took)
	assert.Contains(t, e.String(), "1 of 2 installed")
	assert.Contains(t, e.String(), "node 3 is dead")
}

func TestFailNamesActionTargetAndCause(t *testing.T) {
	cause := errors.New("no such container")
	e, err := proof.Fail(time.Now(), "kill", "n3", cause)
	assert.ErrorIs(t, err, cause)
	assert.EqualError(t, err, "kill n3: no such container")
	assert.Equal(t, proof.Failed, e.Outcome)
}

// What was set and could not be seen is no failure, and no success.
func TestMadeKnowsWhatWasNotSeenFromWhatFailed(t *testing.T) {
	e, err := proof.Made(time.Now(), "throttle", "n1", "seen", nil)
	assert.NoError(t, err)
	assert.Equal(t, proof.Installed, e.Outcome)
	e, err = proof.Made(time.Now(), "throttle", "n1", "", fmt.Errorf("quota read back: %w", proof.ErrUnseen))
	assert.NoError(t, err)
	assert.Equal(t, proof.Indeterminate, e.Outcome)
	e, err = proof.Made(time.Now(), "throttle", "n1", "", errors.New("no such container"))
	assert.EqualError(t, err, "throttle n1: no such container")
	assert.Equal(t, proof.Failed, e.Outcome)
}
