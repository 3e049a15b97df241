package link

import (
	"cmp"
	"context"
	"slices"
	"time"

	"raftkv/harness/proof"
)

// layer is what one fault wants of a link: a cut, or else a shape.
type layer struct {
	key   any
	mode  Mode
	shape Shape
}

// CutAs adds a cut in the name of key, in place of what key had before. Faults
// of other keys stay; see HealAs.
func (l *Link) CutAs(ctx context.Context, key any, m Mode) (proof.Evidence, error) {
	if _, err := m.setting(); err != nil {
		return proof.Fail(time.Now(), "cut", l.name, err)
	}
	return l.change(ctx, string(m), func() { l.layers = append(without(l.layers, key), layer{key: key, mode: m}) })
}

// ShapeAs adds a shape in the name of key, in place of what key had before.
func (l *Link) ShapeAs(ctx context.Context, key any, s Shape) (proof.Evidence, error) {
	return l.change(ctx, "shape", func() { l.layers = append(without(l.layers, key), layer{key: key, shape: s}) })
}

// HealAs takes off what key put on. What other keys want of the link holds on,
// and the proof is then that it does.
func (l *Link) HealAs(ctx context.Context, key any) (proof.Evidence, error) {
	return l.change(ctx, "heal", func() { l.layers = without(l.layers, key) })
}

func without(ls []layer, key any) []layer {
	return slices.DeleteFunc(slices.Clone(ls), func(y layer) bool { return y.key == key })
}

// effective is what several layers come to: the severest cut; with no cut, the
// longest delays, the tightest bandwidth and the most flipped bits.
func effective(ls []layer) layer {
	var all layer
	for _, y := range ls {
		if severity(y.mode) > severity(all.mode) {
			all.mode = y.mode
		}
		all.shape = worse(all.shape, y.shape)
	}
	return all
}

// severity orders the modes: what is refused cannot be lost, and what is lost
// cannot be kept.
func severity(m Mode) int {
	return slices.Index([]Mode{"", ModeHold, ModeDrop, ModeReject}, m)
}

func worse(a, b Shape) Shape {
	out := Shape{Latency: max(a.Latency, b.Latency), Jitter: max(a.Jitter, b.Jitter), BandwidthKBps: a.BandwidthKBps}
	if a.BandwidthKBps == 0 || b.BandwidthKBps > 0 {
		out.BandwidthKBps = cmp.Or(min(a.BandwidthKBps, b.BandwidthKBps), a.BandwidthKBps+b.BandwidthKBps)
	}
	switch {
	case a.CorruptKB > 0 && (b.CorruptKB == 0 || a.CorruptKB <= b.CorruptKB):
		out.CorruptKB, out.Seed = a.CorruptKB, a.Seed
	case b.CorruptKB > 0:
		out.CorruptKB, out.Seed = b.CorruptKB, b.Seed
	}
	return out
}

// wanted says how a proxy does what the layers come to, and how that is proved.
func (l *Link) wanted() (setting, judge) {
	y := effective(l.layers)
	switch {
	case y.mode != "":
		s, _ := y.mode.setting() // a layer's mode was checked when it came
		return s, l.judgeCut(y.mode)
	case len(l.layers) > 0:
		s := y.shape.of(l)
		return s.setting(), l.judgeShape(s)
	}
	return healthy(), l.judgeHealed
}
