package quorum

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// subsets calls f with every set of ids from 1 to n.
func subsets(n int, f func(ids []uint64)) {
	for mask := range 1 << n {
		var ids []uint64
		for i := range n {
			if mask&(1<<i) != 0 {
				ids = append(ids, uint64(i+1))
			}
		}
		f(ids)
	}
}

// bruteCommitted tries every index and counts.
func bruteCommitted(ids []uint64, at func(uint64) uint64, top uint64) uint64 {
	best := uint64(0)
	for index := uint64(0); index <= top; index++ {
		count := 0
		for _, id := range ids {
			if at(id) >= index {
				count++
			}
		}
		if 2*count > len(ids) {
			best = index
		}
	}
	return best
}

// assignments calls f with every map of n ids to values below base.
func assignments(n, base int, f func(at func(uint64) uint64)) {
	values := make([]uint64, n+1)
	var fill func(i int)
	fill = func(i int) {
		if i > n {
			f(func(id uint64) uint64 { return values[id] })
			return
		}
		for v := range base {
			values[i] = uint64(v)
			fill(i + 1)
		}
	}
	fill(1)
}

func TestCommittedAgreesWithCountingEveryIndex(t *testing.T) {
	subsets(5, func(ids []uint64) {
		if len(ids) == 0 {
			return
		}
		m := NewMajority(ids)
		assignments(5, 4, func(at func(uint64) uint64) {
			require.Equal(t, bruteCommitted(ids, at, 4), m.Committed(at), "ids %v", ids)
		})
	})
}

func TestJointCommittedNeedsBothMajorities(t *testing.T) {
	subsets(4, func(a []uint64) {
		subsets(4, func(b []uint64) {
			if len(a) == 0 || len(b) == 0 {
				return
			}
			j := Joint{NewMajority(a), NewMajority(b)}
			assignments(4, 3, func(at func(uint64) uint64) {
				want := min(bruteCommitted(a, at, 3), bruteCommitted(b, at, 3))
				require.Equal(t, want, j.Committed(at), "%v and %v", a, b)
			})
		})
	})
}

// bruteVote asks whether every, some or no way to fill in the missing replies
// gives more than half. Replies: 0 missing, 1 no, 2 yes.
func bruteVote(ids []uint64, at func(uint64) uint64) Result {
	yes, missing := 0, 0
	for _, id := range ids {
		switch at(id) {
		case 0:
			missing++
		case 2:
			yes++
		}
	}
	switch {
	case 2*yes > len(ids):
		return Won
	case 2*(yes+missing) > len(ids):
		return Pending
	default:
		return Lost
	}
}

func replies(at func(uint64) uint64) func(uint64) (bool, bool) {
	return func(id uint64) (bool, bool) { return at(id) == 2, at(id) != 0 }
}

func TestVoteAgreesWithFillingInMissingReplies(t *testing.T) {
	subsets(6, func(ids []uint64) {
		if len(ids) == 0 {
			return
		}
		m := NewMajority(ids)
		assignments(6, 3, func(at func(uint64) uint64) {
			require.Equal(t, bruteVote(ids, at), m.Vote(replies(at)), "ids %v", ids)
		})
	})
}

func TestJointVoteNeedsBothAndIsLostWithEither(t *testing.T) {
	subsets(4, func(a []uint64) {
		subsets(4, func(b []uint64) {
			if len(a) == 0 || len(b) == 0 {
				return
			}
			j := Joint{NewMajority(a), NewMajority(b)}
			assignments(4, 3, func(at func(uint64) uint64) {
				ra, rb := bruteVote(a, at), bruteVote(b, at)
				got := j.Vote(replies(at))
				assert.Equal(t, ra == Won && rb == Won, got == Won)
				assert.Equal(t, ra == Lost || rb == Lost, got == Lost)
			})
		})
	})
}

func TestDuplicateIdsCountOnce(t *testing.T) {
	m := NewMajority([]uint64{3, 1, 1, 1, 2})
	assert.Equal(t, Majority{1, 2, 3}, m)
	onlyOne := func(id uint64) uint64 {
		if id == 1 {
			return 9
		}
		return 0
	}
	assert.Zero(t, m.Committed(onlyOne), "one voter listed three times is no majority")
}

func TestTwoQuorumsOfASetShareAMember(t *testing.T) {
	for n := 1; n <= 9; n++ {
		m := make(Majority, n)
		assert.Greater(t, 2*m.size(), n)
		assert.LessOrEqual(t, 2*(m.size()-1), n, "and no more than needed")
	}
}

func TestEmptySetIsNeutralInAJoint(t *testing.T) {
	at := func(id uint64) uint64 { return id }
	assert.Equal(t, uint64(math.MaxUint64), NewMajority(nil).Committed(at))
	assert.Equal(t, uint64(2), Joint{NewMajority([]uint64{1, 2, 3})}.Committed(at))
	yes := func(uint64) (bool, bool) { return true, true }
	no := func(uint64) (bool, bool) { return false, true }
	none := func(uint64) (bool, bool) { return false, false }
	j := Joint{NewMajority([]uint64{1, 2, 3})}
	assert.Equal(t, Won, j.Vote(yes))
	assert.Equal(t, Lost, j.Vote(no))
	assert.Equal(t, Pending, j.Vote(none))
}

func TestMajorityLeavesItsArgumentAlone(t *testing.T) {
	ids := []uint64{3, 2, 1}
	m := NewMajority(ids)
	assert.Equal(t, []uint64{3, 2, 1}, ids)
	assert.True(t, m.Contains(2))
	assert.False(t, m.Contains(4))
	assert.True(t, Joint{nil, m}.Contains(3))
}

func TestResultNames(t *testing.T) {
	assert.Equal(t, []string{"pending", "lost", "won"}, []string{Pending.String(), Lost.String(), Won.String()})
}

func TestCommittedDoesNotAllocate(t *testing.T) {
	m := NewMajority([]uint64{1, 2, 3, 4, 5})
	at := func(id uint64) uint64 { return 10 - id }
	assert.Zero(t, testing.AllocsPerRun(100, func() { m.Committed(at) }))
}
