package client

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
)

// intact finds responses that are not the ones that were sent. A field that is
// not known is one whose tag was bent: the response in it would be lost.
func intact(m *apiv1.StreamResponse) error {
	if len(m.ProtoReflect().GetUnknown()) > 0 {
		return status.Error(codes.DataLoss, "an answer was changed on its way")
	}
	for _, r := range m.GetResponses() {
		if !api.ResponseIntact(r) {
			return status.Error(codes.DataLoss, "an answer was changed on its way, or the node makes no checksums")
		}
	}
	return nil
}

// bent says whether a stream ended as one does whose bytes were changed: found
// by a checksum, not to be decoded, or with a path that the node does not know.
func bent(err error) bool {
	switch status.Code(err) {
	case codes.DataLoss, codes.Internal, codes.Unimplemented:
		return true
	}
	return false
}
