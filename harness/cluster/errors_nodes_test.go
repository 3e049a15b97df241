package cluster_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/harness/cluster"
)

func TestOfErrorsAlikeTheFirstIsTold(t *testing.T) {
	require.NoError(t, cluster.FirstOf(make([]error, 5)))
	cause := errors.New("start n2: unknown flag")
	require.Equal(t, cause, cluster.FirstOf([]error{nil, cause}))
	err := cluster.FirstOf([]error{nil, cause, errors.New("start n3: unknown flag"), errors.New("start n4: unknown flag")})
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "start n2: unknown flag (and 2 more nodes)")
}
