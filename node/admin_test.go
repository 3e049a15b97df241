package node

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page asks a node's admin port.
func (c *cluster) page(id uint64, path string) (int, string) {
	p, err := http.Get("http://" + c.nodes[id].config.ListenAdmin + path)
	require.NoError(c.t, err)
	defer func() { _ = p.Body.Close() }()
	b, err := io.ReadAll(p.Body)
	require.NoError(c.t, err)
	return p.StatusCode, string(b)
}

func TestFirstPageShowsTheNodeAndNeedsNoNetwork(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.start(1)
	code, alone := c.page(1, "/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, alone, "not ready: no leader known")

	c.start(2, 3)
	code, leader := c.page(c.leader(), "/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, leader, ">leader</span>")
	require.Equal(t, 2, strings.Count(leader, "<td>replicate</td>")+strings.Count(leader, "<td>probe</td>"))
	require.NotContains(t, leader, "http://")
	require.NotContains(t, leader, "https://")
	for _, link := range []string{"/status", "/metrics", "/readyz", "/healthz"} {
		require.Contains(t, leader, `href="`+link+`"`)
	}
	_, follower := c.page(c.follower(), "/")
	require.NotContains(t, follower, "<h2>Followers</h2>")
	code, _ = c.page(1, "/nonsense")
	require.Equal(t, http.StatusNotFound, code)
}

func TestRequestsAreCountedByOperationAndOutcome(t *testing.T) {
	c := newCluster(t, 1, func(f *Config) { f.MaxValueBytes = 4 })
	c.startAll()
	c.leader()
	require.NoError(t, c.put(1, "a", "1"))
	require.Error(t, c.put(1, "a", "12345"))
	c.get(1, "a", false)
	_, metrics := c.page(1, "/metrics")
	require.Contains(t, metrics, `raftkv_requests_total{operation="put",outcome="done"} 1`)
	require.Contains(t, metrics, `raftkv_requests_total{operation="put",outcome="refused"} 1`)
	require.Contains(t, metrics, `raftkv_requests_total{operation="get",outcome="done"}`)
	require.Contains(t, metrics, `raftkv_build_info{go_version="go`)
	require.Contains(t, metrics, "# TYPE raftkv_snapshots_installed_total counter")
}

// docs/METRICS.md names every metric, and none that there is not.
func TestEveryMetricIsDocumented(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.startAll()
	leader := c.leader()
	require.NoError(t, c.put(leader, "a", "1"))
	_, metrics := c.page(leader, "/metrics")
	doc, err := os.ReadFile("../docs/METRICS.md")
	require.NoError(t, err)
	require.ElementsMatch(t,
		first(regexp.MustCompile(`(?m)^# TYPE (raftkv_\w+)`), metrics),
		first(regexp.MustCompile("(?m)^\\| `(raftkv_\\w+)"), string(doc)))
}

// first gives the first group of every match.
func first(re *regexp.Regexp, s string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	return out
}
