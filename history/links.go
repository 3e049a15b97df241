package history

import "math"

// The ways to cut a link, as a LinkSpan's State. Any other state is a shape.
const (
	LinkDrop   = "drop"
	LinkHold   = "hold"
	LinkReject = "reject"
)

// LinkSpan is a time in which a directed link was cut or shaped. Times are
// nanoseconds on the recorder's clock.
type LinkSpan struct {
	// Sender is a node; nothing stands for the clients.
	Sender   string `json:"sender,omitempty"`
	Receiver string `json:"receiver"`
	// State is the way it was cut, or its shape in words.
	State string `json:"state"`
	From  int64  `json:"from"`
	// To is 0 if it was not over when the run was.
	To int64 `json:"to,omitempty"`
}

// length is endless for a span that was not over.
func (s LinkSpan) length() int64 {
	if s.To == 0 {
		return math.MaxInt64
	}
	return s.To - s.From
}

// BlurLinks makes spans fewer: of one link, it joins two of which the later
// begins within width of the other's end, if they are of one state or one of
// them is shorter than width. The longer one's state stands. Those of one link
// must be in order. A width as long as the run leaves one span of each link.
func BlurLinks(spans []LinkSpan, width int64) []LinkSpan {
	type link struct{ sender, receiver string }
	last := make(map[link]int)
	var out []LinkSpan
	for _, s := range spans {
		l := link{s.Sender, s.Receiver}
		if i, ok := last[l]; ok && out[i].meets(s, width) {
			out[i] = out[i].with(s)
			continue
		}
		last[l] = len(out)
		out = append(out, s)
	}
	return out
}

func (s LinkSpan) meets(next LinkSpan, width int64) bool {
	near := s.To != 0 && next.From-s.To < width
	return near && (s.State == next.State || min(s.length(), next.length()) < width)
}

func (s LinkSpan) with(next LinkSpan) LinkSpan {
	if next.length() > s.length() {
		s.State = next.State
	}
	s.To = next.To
	return s
}
