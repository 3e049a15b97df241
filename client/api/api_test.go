package api

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apiv1 "raftkv/client/api/v1"
)

func TestErrorSurvivesTheStatus(t *testing.T) {
	want := &apiv1.Error{
		Reason: apiv1.Reason_REASON_NOT_LEADER, Message: "node 2 follows",
		LeaderId: 3, LeaderAddress: "n3:7003",
	}
	err := ToStatus(want)
	require.Equal(t, codes.FailedPrecondition, status.Code(err))

	got, ok := FromStatus(fmt.Errorf("put: %w", err))
	require.True(t, ok)
	require.True(t, proto.Equal(want, got))
}

func TestFromStatusWithoutDetail(t *testing.T) {
	for _, err := range []error{nil, errors.New("eof"), status.Error(codes.Unavailable, "lost")} {
		_, ok := FromStatus(err)
		require.False(t, ok, "%v", err)
	}
	require.NoError(t, ToStatus(nil))
}

func TestEveryReasonHasACodeAndAKind(t *testing.T) {
	for n, name := range apiv1.Reason_name {
		r := apiv1.Reason(n)
		_, coded := reasonCodes[r]
		require.Equal(t, r != apiv1.Reason_REASON_UNSPECIFIED, coded, name)
		indefinite := r == apiv1.Reason_REASON_UNSPECIFIED || r == apiv1.Reason_REASON_UNKNOWN_OUTCOME
		require.Equal(t, !indefinite, Definite(r), name)
	}
	require.False(t, Definite(apiv1.Reason(99)), "a reason from the future proves nothing")
	require.Equal(t, codes.Unknown, Code(apiv1.Reason(99)))
}

func TestLargestMessageFits(t *testing.T) {
	const framing = 64 * BatchRequests
	require.Less(t, BatchBytes+MaxRequestBytes+framing, MaxMessageBytes)
}
