package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlurringJoinsWhatLiesTogether(t *testing.T) {
	span := func(receiver, state string, from, to int64) LinkSpan {
		return LinkSpan{Sender: "1", Receiver: receiver, State: state, From: from, To: to}
	}
	for name, c := range map[string]struct{ spans, want []LinkSpan }{
		"a short pause": {
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("2", LinkDrop, 105, 200)},
			[]LinkSpan{span("2", LinkDrop, 0, 200)},
		},
		"a long pause stays": {
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("2", LinkDrop, 110, 200)},
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("2", LinkDrop, 110, 200)},
		},
		"another way to cut, for long": {
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("2", LinkHold, 100, 200)},
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("2", LinkHold, 100, 200)},
		},
		"another way to cut, for a moment": {
			[]LinkSpan{span("2", LinkDrop, 0, 5), span("2", LinkHold, 5, 200)},
			[]LinkSpan{span("2", LinkHold, 0, 200)},
		},
		"other links in between": {
			[]LinkSpan{span("2", LinkDrop, 0, 100), span("3", LinkHold, 50, 60), span("2", LinkDrop, 100, 0)},
			[]LinkSpan{span("2", LinkDrop, 0, 0), span("3", LinkHold, 50, 60)},
		},
		"what is not over takes in what comes before": {
			[]LinkSpan{span("2", LinkDrop, 0, 5), span("2", LinkReject, 5, 0)},
			[]LinkSpan{span("2", LinkReject, 0, 0)},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, BlurLinks(c.spans, 10)) })
	}
}
