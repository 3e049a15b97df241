package fault

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachNodeOfARingReachesAMajorityAndNotEverybody(t *testing.T) {
	for n := 4; n <= 9; n++ {
		reached := 1
		for d := 1; d < n; d++ {
			if min(d, n-d) <= ringReach(n) {
				reached++
			}
		}
		assert.Greater(t, reached, n/2, n)
		assert.Less(t, reached, n, n)
	}
}
