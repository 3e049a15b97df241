package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"raftkv/harness/run"
	"raftkv/history"
)

// recovery is the slowest of the run's recoveries: 0 if there is none.
func (x *execution) recovery() time.Duration {
	slowest := time.Duration(0)
	for _, r := range x.rounds {
		if r.Recovered != 0 {
			slowest = max(slowest, since(r.Healed, r.Recovered))
		}
	}
	return slowest
}

// firstWrite is when the first write called after t returned; 0 if none did.
func firstWrite(ops []history.Operation, t int64) int64 {
	first := int64(0)
	for _, o := range ops {
		if o.Wrote() && o.Call > t && (first == 0 || o.Return < first) {
			first = o.Return
		}
	}
	return first
}

// timeline is what happened to the cluster, for drawing.
func (x *execution) timeline(ops []history.Operation) history.Timeline {
	t := history.Timeline{Phases: x.phases}
	if x.obs != nil {
		t.Leaders, t.Lags, t.Links = x.obs.Leaders(), x.obs.Lags(), x.links.Spans()
	}
	for _, r := range x.rounds {
		t.Faults = append(t.Faults, history.Span{
			Name: r.Name, Detail: parameters(r.Parameters), Kind: r.Bit.Action, Targets: nodes(r.Targets),
			From: r.Inject, To: r.Healed, Evidence: r.Bit.String(),
		})
		if at := firstWrite(ops, r.Inject); at != 0 {
			t.Marks = append(t.Marks, history.Mark{Time: at, Text: "first write after the fault"})
		}
		if at := firstWrite(ops, r.Healed); r.Healed != 0 && at != 0 {
			t.Marks = append(t.Marks, history.Mark{Time: at, Text: "first write after healing"})
		}
	}
	return t
}

// parameters words what the seed drew, in a fixed order.
func parameters(p map[string]string) string {
	if len(p) == 0 {
		return ""
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, k+" "+p[k])
	}
	return strings.Join(parts, ", ")
}

// took words a duration; none is a dash.
func took(d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	return fmt.Sprint(run.Took(d))
}
