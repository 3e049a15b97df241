//go:build !raftkv_faults

package node

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABuildForUseHasNoLevers(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.startAll()
	for _, path := range []string{"/test/clock", "/test/network"} {
		code, _ := c.page(1, path)
		require.Equal(t, http.StatusNotFound, code)
	}
}
