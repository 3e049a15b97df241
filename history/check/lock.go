package check

import (
	"cmp"
	"fmt"
	"slices"

	"raftkv/history"
)

// lock judges a key that is a lock with fencing tokens: it is taken by a cas to
// the next token, from a free lock or from a holder that is given up, and freed
// by a cas of its holder that keeps the token.
//
// Sound: the state's token goes up by 1 with each win that takes the lock, and
// never down. So a token is given once; of two takers that follow each other in
// time the later has the greater token; and if the holder's own release won,
// the state was its token, held, from its taking to its release, with no
// instant in between at which another can have won.
func (r *register) lock() []Violation {
	if !r.onlySteps(locks) {
		return nil
	}
	var takers []*operation
	releases := make(map[history.Lock]*operation)
	for _, o := range r.live {
		switch l := parsed(o.Input); {
		case !won(o):
		case l.Held:
			takers = append(takers, o)
		default:
			releases[l] = o
		}
	}
	return slices.Concat(r.reused(takers), r.wentBack(takers), r.shared(takers, releases))
}

func locks(from, to value) bool {
	a, ok := history.ParseLock(from)
	b, also := history.ParseLock(to)
	return ok && also && (b == a.Taken(b.Tag) || (a.Held && b == a.Released()))
}

func parsed(v value) history.Lock {
	l, _ := history.ParseLock(v)
	return l
}

func (r *register) reused(takers []*operation) []Violation {
	first := make(map[uint64]*operation)
	for _, o := range takers {
		token := parsed(o.Input).Token
		if w := first[token]; w != nil {
			return []Violation{{Kind: TokenReused, Key: r.key, Witness: witness(w, o),
				Words: fmt.Sprintf("The %s and the %s both got the lock with token %d.", who(w), who(o), token)}}
		}
		first[token] = o
	}
	return nil
}

// wentBack compares each taker with the greatest token of those that had
// returned before it was called.
func (r *register) wentBack(takers []*operation) []Violation {
	ended := slices.Clone(takers)
	slices.SortStableFunc(ended, func(a, b *operation) int { return cmp.Compare(a.Return, b.Return) })
	next, top := 0, (*operation)(nil)
	for _, o := range takers { // by call
		for ; next < len(ended) && ended[next].Return < o.Call; next++ {
			if top == nil || parsed(ended[next].Input).Token > parsed(top.Input).Token {
				top = ended[next]
			}
		}
		if top != nil && parsed(o.Input).Token <= parsed(top.Input).Token {
			return []Violation{{Kind: TokenWentBack, Key: r.key, Witness: witness(top, o),
				Words: fmt.Sprintf("The %s, begun at %s, got the lock with token %d; but the %s had had it with token %d by %s.",
					who(o), seconds(o.Call), parsed(o.Input).Token, who(top), parsed(top.Input).Token, seconds(top.Return))}}
		}
	}
	return nil
}

// shared finds somebody who got the lock wholly between a holder's taking and
// that holder's own release.
func (r *register) shared(takers []*operation, releases map[history.Lock]*operation) []Violation {
	for i, o := range takers {
		free := releases[parsed(o.Input).Released()]
		if free == nil {
			continue
		}
		for _, p := range takers[i+1:] {
			if p.Call >= free.Call {
				break
			}
			if o.Before(*p) && p.Before(*free) {
				return []Violation{{Kind: TwoHolders, Key: r.key, Witness: witness(o, p, free),
					Words: fmt.Sprintf("The %s held the lock with token %d from %s to %s and released it itself; yet the %s got it in between, with token %d.",
						who(o), parsed(o.Input).Token, seconds(o.Return), seconds(free.Call), who(p), parsed(p.Input).Token)}}
			}
		}
	}
	return nil
}
