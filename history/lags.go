package history

// NoAnswer stands in a node's lags for a slice in which it said nothing.
const NoAnswer = -1

// Lags is how many entries each node's state was behind the highest commit index
// that any node had told of, in slices of time.
type Lags struct {
	// From is when the first slice begins and Width how long each is, in
	// nanoseconds of the recorder's clock.
	From  int64      `json:"from"`
	Width int64      `json:"width"`
	Nodes []NodeLags `json:"nodes"`
}

// NodeLags is one node's part.
type NodeLags struct {
	Node string `json:"node"`
	// Behind has a number for each slice until the node's last answer: the most
	// entries that it was behind, or NoAnswer.
	Behind []int64 `json:"behind"`
}
