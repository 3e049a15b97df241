package api

import "time"

// Sizes in bytes. A batch is closed by the first request that takes it past
// BatchBytes, so no message is larger than BatchBytes+MaxRequestBytes plus a
// little framing, which MaxMessageBytes leaves room for. A receiver that met
// a larger message would break the stream, and with it every request in flight.
const (
	// BatchBytes: a StreamRequest, a StreamResponse or a ListResponse takes no
	// further item once it holds this much.
	BatchBytes = 1 << 20
	// MaxRequestBytes bounds key plus values of one request. The client refuses
	// a larger one itself; the server's own limits must lie below.
	MaxRequestBytes = 16 << 20
	// MaxMessageBytes is the receive limit that both ends give to gRPC.
	MaxMessageBytes = 32 << 20
)

// Counts.
const (
	// BatchRequests bounds the requests in one StreamRequest.
	BatchRequests = 512
	// SessionWindow: a session's write is refused unless its sequence number is
	// below first_open+SessionWindow.
	SessionWindow = 1024
	// MaxListPairs is the server's limit for one page of a listing, taken when
	// the request names none or a larger one.
	MaxListPairs = 1000
)

// Keepalive. gRPC raises a client's period to ten seconds when set lower, and
// a server that is not told otherwise closes connections that ping more often
// than every five minutes: so both ends take theirs from here.
const (
	// KeepaliveTime is the silence after which an end pings the other.
	KeepaliveTime = 10 * time.Second
	// KeepaliveTimeout is how long it then waits; on Linux it is also the
	// connection's TCP_USER_TIMEOUT.
	KeepaliveTimeout = 2 * time.Second
	// KeepaliveMinTime is the shortest period that a server tolerates.
	KeepaliveMinTime = 5 * time.Second
)
