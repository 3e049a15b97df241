package api

import (
	"google.golang.org/grpc/status"

	apiv1 "raftkv/client/api/v1"
)

// ToStatus returns the error that a unary call fails with: a gRPC status with
// the reason's code, and e itself among the details. It returns nil for nil.
func ToStatus(e *apiv1.Error) error {
	if e == nil {
		return nil
	}
	plain := status.New(Code(e.GetReason()), e.GetMessage())
	full, err := plain.WithDetails(e)
	if err != nil { // only an Error that cannot be marshalled: its code still tells
		return plain.Err()
	}
	return full.Err()
}

// FromStatus returns the Error that err carries, and whether it carries one.
// Without one, the server never decided: a write that failed so is unknown.
func FromStatus(err error) (*apiv1.Error, bool) {
	st, ok := status.FromError(err)
	if !ok || err == nil {
		return nil, false
	}
	for _, d := range st.Details() {
		if e, ok := d.(*apiv1.Error); ok {
			return e, true
		}
	}
	return nil, false
}
