package history

// Kind says what an Event records: the start of an operation or one of its
// three ends. The words are Jepsen's.
type Kind string

// An operation is invoked once and ends at most once. One that never ends is
// read as Info.
const (
	Invoke Kind = "invoke"
	// Ok: it took effect, once, between its invocation and this event.
	Ok Kind = "ok"
	// Fail: it definitely did not take effect and never will.
	Fail Kind = "fail"
	// Info: nobody knows. It may take effect at any later time, or never.
	Info Kind = "info"
)

// Function is what an operation asks of the store.
type Function string

// The functions the models know.
const (
	Get    Function = "get"
	Put    Function = "put"
	Delete Function = "delete"
	CAS    Function = "cas"
)

// Value is a key's content, or the absence of one. The zero Value is absent.
type Value struct {
	Present bool
	Data    string
}

// Event is one line of a recorded history.
type Event struct {
	// Time in nanoseconds on the recorder's one monotonic clock.
	Time int64
	// Process is a logical client: one operation at a time. A client that got
	// Info goes on under a new process, so a process ends with its first Info.
	Process int
	Kind    Kind
	F       Function
	Key     string
	// Value is what a Put or CAS wants to write (Invoke), what a Get found or a
	// CAS or Delete saw (Ok).
	Value Value
	// Expect is what a CAS wants to find (Invoke).
	Expect Value
	// Swapped tells whether a CAS won (Ok).
	Swapped bool
	// Final marks the reads after everything has healed.
	Final bool
	// Stale marks a read that asked for no linearizability.
	Stale bool
	// MaxAge bounds, in nanoseconds, how far in the past a Stale read may lie; 0
	// is no bound.
	MaxAge int64
	// Error is the client's words for a Fail or an Info.
	Error string
	// Node the reply came from or the request was sent to, if known.
	Node string
}
