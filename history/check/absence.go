package check

import (
	"cmp"
	"fmt"
	"slices"

	"raftkv/history"
)

// absence finds a key that was there, then was not, with nothing that could
// have removed it in between.
//
// Absence has no unique writer, so zones say nothing about it. Instead: let x
// show the key present at or just after its instant, let o find it absent, and x
// be over before o began. Then some operation removed the key at an instant
// after x's, which is at or after x.Call, and before o's, which is at or before
// o.Return. So a remover's interval meets [x.Call, o.Return]. Of all x that are
// over before o, the one with the latest call leaves removers the least room.
//
// A pair without plain gets is a lost write. If a plain get found the absence,
// it was stale; and if only a plain get showed the presence, that was.
func (r *register) absence() []Violation {
	var found []Violation
	removers := r.removers()
	x, o := removers.vanishing(r.firm())
	if o != nil {
		found = append(found, r.vanished(LostWrite, x, o, ""))
	}
	x, o = removers.vanishing(r.live)
	switch {
	case o == nil:
	case plainGet(o):
		found = append(found, r.vanished(StaleRead, x, o, orStale(x)))
	case plainGet(x) && len(found) == 0:
		found = append(found, r.vanished(StaleRead, x, o, orStale(x)))
	}
	return found
}

// vanishing finds the first of the operations that found the key absent, and
// one that was over before it began and showed the key present.
func (iv intervals) vanishing(ops []*operation) (x, o *operation) {
	shows := presence(ops)
	for _, o := range ops {
		if v, ok := saw(o); !ok || v.Present {
			continue
		}
		if x := shows.latestBefore(o); x != nil && !iv.any(x.Call, o.Return) {
			return x, o
		}
	}
	return nil, nil
}

func (r *register) vanished(kind Kind, x, o *operation, doubt string) Violation {
	wrote := x
	if v, ok := saw(x); ok && !acknowledged(x) {
		wrote = r.writer[v.Data]
	}
	return Violation{Kind: kind, Key: r.key, Witness: witness(wrote, x, o),
		Words: fmt.Sprintf("The %s, begun at %s, found the key absent, though the %s had ended at %s (%s), and nothing that could remove the key ran in between.%s",
			who(o), seconds(o.Call), who(x), seconds(x.Return), Describe(*x), doubt)}
}

// orStale says that x may be the read that was behind, if it is a plain get.
func orStale(x *operation) string {
	if !plainGet(x) {
		return ""
	}
	return fmt.Sprintf(" Or the %s is the stale one.", who(x))
}

// byReturn answers which operation of those that returned before an instant was
// called last.
type byReturn struct {
	ops    []*operation
	latest []*operation // latest[i]: of ops[:i+1], the one with the latest call
}

// presence collects the ok ones of ops after whose instant the key was present.
func presence(ops []*operation) byReturn {
	var p byReturn
	for _, o := range ops {
		if o.Outcome == history.OutcomeOk && leavesPresent(o) {
			p.ops = append(p.ops, o)
		}
	}
	slices.SortStableFunc(p.ops, func(a, b *operation) int { return cmp.Compare(a.Return, b.Return) })
	for i, o := range p.ops {
		if i > 0 && p.latest[i-1].Call > o.Call {
			o = p.latest[i-1]
		}
		p.latest = append(p.latest, o)
	}
	return p
}

func leavesPresent(o *operation) bool {
	if v, may := mayWrite(o); may {
		return v.Present
	}
	v, ok := saw(o)
	return ok && v.Present
}

func (p byReturn) latestBefore(o *operation) *operation {
	i, _ := slices.BinarySearchFunc(p.ops, o.Call, func(x *operation, t int64) int { return cmp.Compare(x.Return, t) })
	if i == 0 {
		return nil
	}
	return p.latest[i-1]
}

// intervals answers whether any operation's interval meets another interval.
type intervals struct {
	ops   []*operation // by call
	reach []int64      // reach[i]: the latest return of ops[:i+1]
}

// removers collects the operations that may have made the key absent.
func (r *register) removers() intervals {
	var iv intervals
	for _, o := range r.live {
		if v, may := mayWrite(o); !may || v.Present {
			continue
		}
		reach := o.Return
		if n := len(iv.reach); n > 0 {
			reach = max(reach, iv.reach[n-1])
		}
		iv.ops, iv.reach = append(iv.ops, o), append(iv.reach, reach)
	}
	return iv
}

func (iv intervals) any(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(iv.ops, to+1, func(o *operation, t int64) int { return cmp.Compare(o.Call, t) })
	return i > 0 && iv.reach[i-1] >= from
}
