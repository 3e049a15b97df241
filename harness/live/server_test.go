package live

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// next reads one view from the stream.
func next(t *testing.T, r *bufio.Reader) View {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var v View
		require.NoError(t, json.Unmarshal([]byte(data), &v))
		return v
	}
}

func TestABrowserIsToldAtOnceAndOfEachChange(t *testing.T) {
	s, err := Listen(0)
	require.NoError(t, err)
	require.NoError(t, s.Show(View{Scenario: "leader-kill", Ok: 1}))
	resp, err := http.Get(s.URL() + "events")
	require.NoError(t, err)
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	require.Equal(t, 1, next(t, r).Ok)
	require.NoError(t, s.Show(View{Scenario: "leader-kill", Ok: 2}))
	require.Equal(t, 2, next(t, r).Ok)
	require.NoError(t, s.Close())
	_, err = r.ReadString('x')
	require.Error(t, err, "the stream ends with the page")
}

func TestThePageIsOnLoopbackAlone(t *testing.T) {
	s, err := Listen(0)
	require.NoError(t, err)
	defer s.Close()
	require.Contains(t, s.URL(), "http://127.0.0.1:")
	resp, err := http.Get(s.URL() + "elsewhere")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}
