package link

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"raftkv/harness/corrupt"
	"raftkv/harness/hold"
)

// Mode is a way to cut a link.
type Mode string

const (
	// ModeDrop loses the bytes silently.
	ModeDrop Mode = "drop"
	// ModeHold keeps the bytes until the heal.
	ModeHold Mode = "hold"
	// ModeReject closes connections and refuses new ones.
	ModeReject Mode = "reject"
)

// Modes lists the ways to cut a link.
func Modes() []Mode { return []Mode{ModeDrop, ModeHold, ModeReject} }

// Shape is a link that works badly. The zero Shape is a healthy link.
type Shape struct {
	// Latency is added in each direction, so a round trip grows by twice that.
	Latency time.Duration
	// Jitter moves each delay by up to that much, up or down.
	Jitter time.Duration
	// BandwidthKBps bounds each direction, in kilobytes per second; 0 is no bound.
	BandwidthKBps int64
	// CorruptKB flips one bit in so many kilobytes of each direction, on average; 0
	// flips none. Seed decides which.
	CorruptKB, Seed int64
}

// String gives the shape in a few words, of what it has.
func (s Shape) String() string {
	var parts []string
	switch {
	case s.Jitter > 0:
		parts = append(parts, fmt.Sprintf("latency %s±%s", s.Latency, s.Jitter))
	case s.Latency > 0 || s.BandwidthKBps == 0 && s.CorruptKB == 0:
		parts = append(parts, fmt.Sprintf("latency %s", s.Latency))
	}
	if s.BandwidthKBps > 0 {
		parts = append(parts, fmt.Sprintf("%d KB/s", s.BandwidthKBps))
	}
	if s.CorruptKB > 0 {
		parts = append(parts, fmt.Sprintf("a bit in %d KB flipped", s.CorruptKB))
	}
	return strings.Join(parts, ", ")
}

// dropType is Toxiproxy's toxic that loses bytes: a timeout that never comes.
const dropType = "timeout"

// setting is what a proxy should look like.
type setting struct {
	action  string
	enabled bool
	toxics  []toxic
	shape   Shape
}

// toxic is one Toxiproxy toxic, on one of the two streams of a proxy.
type toxic struct {
	name, kind, stream string
	attrs              map[string]int64
}

// both puts the same toxic on both streams. An omitted stream would mean
// downstream only. The values are part of the name, so that toxics of one name
// are the same: changing one in place is a data race inside Toxiproxy.
func both(kind string, attrs map[string]int64) []toxic {
	name := kind
	for _, k := range slices.Sorted(maps.Keys(attrs)) {
		name += fmt.Sprintf("_%s%d", k, attrs[k])
	}
	return []toxic{
		{name + "_upstream", kind, "upstream", attrs},
		{name + "_downstream", kind, "downstream", attrs},
	}
}

func healthy() setting { return setting{action: "heal", enabled: true} }

// words say what the link is like; nothing for a healthy one.
func (s setting) words() string {
	switch s.action {
	case "heal":
		return ""
	case "shape":
		return s.shape.String()
	default:
		return s.action
	}
}

// setting says how a proxy does the mode.
func (m Mode) setting() (setting, error) {
	s := setting{action: string(m), enabled: true}
	switch m {
	case ModeDrop:
		s.toxics = both(dropType, map[string]int64{"timeout": 0})
	case ModeHold:
		s.toxics = both(hold.Name, nil)
	case ModeReject:
		s.enabled = false
	default:
		return s, fmt.Errorf("unknown way to cut a link: %q", string(m))
	}
	return s, nil
}

// setting says how a proxy does the shape.
func (s Shape) setting() setting {
	out := setting{action: "shape", enabled: true, shape: s}
	if s.Latency > 0 || s.Jitter > 0 {
		out.toxics = append(out.toxics, both("latency", map[string]int64{
			"latency": s.Latency.Milliseconds(), "jitter": s.Jitter.Milliseconds(),
		})...)
	}
	if s.BandwidthKBps > 0 {
		out.toxics = append(out.toxics, both("bandwidth", map[string]int64{"rate": s.BandwidthKBps})...)
	}
	if s.CorruptKB > 0 {
		out.toxics = append(out.toxics, both(corrupt.Name, map[string]int64{"kilobytes": s.CorruptKB, "seed": s.Seed})...)
	}
	return out
}
