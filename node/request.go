package node

import (
	"time"

	apiv1 "raftkv/client/api/v1"
	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
)

// request is one client request on its way through the node. It is owned by
// one goroutine at a time: the API's, the loop's, the machine's.
type request struct {
	// One of the four: a write, a read of either kind, or a look at the whole.
	command *kvpb.Command
	get     *apiv1.GetRequest
	list    *apiv1.ListRequest
	// view is called on the machine's goroutine and must not keep the store.
	view func(s *kv.Store, term uint64)

	arrived  time.Time
	deadline time.Time
	// answer is called exactly once and must not block.
	answer func(*apiv1.Response)
}

func (r *request) write() bool { return r.command != nil }

// stale says that the answer may be as old as it likes.
func (r *request) stale() bool {
	return r.bound() == 0 && (r.get.GetStale() || r.list.GetStale())
}

// size is what the request adds to the log, roughly.
func (r *request) size() int {
	c := r.command
	return len(c.Key) + len(c.Value) + len(c.Expect) + 32
}

func (r *request) refuse(reason apiv1.Reason, message string) {
	r.answer(&apiv1.Response{Result: &apiv1.Response_Error{Error: &apiv1.Error{Reason: reason, Message: message}}})
}

// unknown is said of a write that may be, or may yet come to be, in the log.
func (r *request) unknown(message string) { r.refuse(apiv1.Reason_REASON_UNKNOWN_OUTCOME, message) }
