package quorum

// Result is the state of a vote.
type Result uint8

const (
	// Pending: the replies that are missing will decide.
	Pending Result = iota
	// Lost: no quorum can come together any more.
	Lost
	// Won: a quorum agreed.
	Won
)

// String names the result for logs and transcripts.
func (r Result) String() string {
	switch r {
	case Lost:
		return "lost"
	case Won:
		return "won"
	default:
		return "pending"
	}
}
