//go:build raftkv_failpoints

package failpoint_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"raftkv/node/failpoint"
)

func TestTheLogStoreMeetsWhatWasTold(t *testing.T) {
	mux := http.NewServeMux()
	failpoint.Routes(mux)
	call := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, "/failpoint/disk", strings.NewReader(body)))
		return w
	}
	require.NoError(t, failpoint.Disk())
	require.Equal(t, 200, call("POST", `{"error":"ENOSPC","delay_ns":1}`).Code)
	require.ErrorIs(t, failpoint.Disk(), syscall.ENOSPC)
	require.JSONEq(t, `{"error":"ENOSPC","delay_ns":1,"hits":1}`, call("GET", "").Body.String())
	require.Equal(t, 400, call("POST", `{"error":"EWHAT"}`).Code)
	require.Equal(t, 200, call("POST", `{}`).Code)
	require.NoError(t, failpoint.Disk())
	require.JSONEq(t, `{"error":"","delay_ns":0,"hits":0}`, call("GET", "").Body.String())
}
