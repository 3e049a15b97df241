package api

import (
	"google.golang.org/grpc/codes"

	apiv1 "raftkv/client/api/v1"
)

// reasonCodes gives the gRPC code of each reason's unary calls, for callers
// that look at nothing else.
var reasonCodes = map[apiv1.Reason]codes.Code{
	apiv1.Reason_REASON_NOT_LEADER:      codes.FailedPrecondition,
	apiv1.Reason_REASON_OVERLOADED:      codes.ResourceExhausted,
	apiv1.Reason_REASON_TOO_LARGE:       codes.InvalidArgument,
	apiv1.Reason_REASON_BAD_REQUEST:     codes.InvalidArgument,
	apiv1.Reason_REASON_SESSION_EXPIRED: codes.Aborted,
	apiv1.Reason_REASON_SHUTTING_DOWN:   codes.Unavailable,
	apiv1.Reason_REASON_NO_QUORUM:       codes.Unavailable,
	apiv1.Reason_REASON_TOO_STALE:       codes.Unavailable,
	apiv1.Reason_REASON_NOT_NOW:         codes.Unavailable,
	apiv1.Reason_REASON_UNKNOWN_OUTCOME: codes.Unknown,
}

// Code returns the gRPC code that stands for a reason. A reason that this
// version does not know is codes.Unknown.
func Code(r apiv1.Reason) codes.Code {
	if c, ok := reasonCodes[r]; ok {
		return c
	}
	return codes.Unknown
}

// Definite says whether a reply with this reason proves that the request it
// answers was not done and never will be. It speaks of that one sending: an
// earlier sending of the same write may have been done all the same. A reason
// that this version does not know proves nothing.
func Definite(r apiv1.Reason) bool {
	_, known := reasonCodes[r]
	return known && r != apiv1.Reason_REASON_UNKNOWN_OUTCOME
}
