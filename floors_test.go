package raftkv_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// floor says what the packages under one path may import of this module, or of
// the outside world where that matters. The longest matching path counts.
type floor struct {
	path string
	// own lists the module's paths that may be imported, besides the path itself.
	own []string
}

// floors is docs/ARCHITECTURE.md's table.
var floors = []floor{
	{path: "raftkv/raft", own: nil},
	{path: "raftkv/raft/quorum", own: nil},
	{path: "raftkv/raft/tracker", own: []string{"raftkv/raft/quorum"}},
	{path: "raftkv/raft/membership", own: []string{"raftkv/raft"}},
	{path: "raftkv/raft/boltstore", own: []string{"raftkv/raft", "raftkv/raft/membership"}},
	{path: "raftkv/raft/rafttest", own: []string{"raftkv/raft", "raftkv/raft/membership", "raftkv/node/kv", "raftkv/history"}},
	{path: "raftkv/node/kv", own: nil},
	{path: "raftkv/client/api", own: nil},
	{path: "raftkv/history", own: nil},
	{path: "raftkv/client", own: []string{"raftkv/client/api"}},
	{path: "raftkv/node", own: []string{"raftkv/raft", "raftkv/raft/membership", "raftkv/raft/boltstore", "raftkv/node/kv", "raftkv/client/api"}},
	{path: "raftkv/harness", own: []string{"raftkv/client", "raftkv/client/api", "raftkv/history"}},
	{path: "raftkv/scenarios", own: []string{"raftkv/harness", "raftkv/history"}},
	{path: "raftkv/cmd/raftkv", own: []string{"raftkv/node", "raftkv/client", "raftkv/client/api"}},
	{path: "raftkv/cmd/chaos", own: []string{"raftkv/scenarios", "raftkv/harness", "raftkv/history"}},
}

// only names the outside packages that have one home in this module.
var only = map[string]string{
	"github.com/hashicorp/raft":                   "raftkv/raft/boltstore",
	"github.com/hashicorp/raft-boltdb":            "raftkv/raft/boltstore",
	"github.com/testcontainers/testcontainers-go": "raftkv/harness",
	"github.com/moby/moby":                        "raftkv/harness",
	"github.com/Shopify/toxiproxy":                "raftkv/harness",
	"github.com/google/nftables":                  "raftkv/harness",
	"github.com/anishathalye/porcupine":           "raftkv/history",
	"raftkv/node/peer/peerpb":                     "raftkv/node/peer",
	"raftkv/node/kv/kvpb":                         "raftkv/node",
}

// impure are the packages that the engine and the state machine do without:
// they have no clock, no goroutine's tools, no I/O and no randomness of their own.
var impure = []string{"time", "os", "net", "sync", "math/rand", "crypto/rand", "context", "log", "syscall"}

func TestImportsGoDownward(t *testing.T) {
	for _, p := range packages(t) {
		f, ok := floorOf(p.ImportPath)
		if !ok {
			require.Equal(t, "raftkv", p.ImportPath, "%s stands on no floor: give it one in this table", p.ImportPath)
			continue
		}
		for _, in := range p.Imports {
			if strings.HasPrefix(in, "raftkv/") {
				require.True(t, f.allows(in), "%s must not import %s", p.ImportPath, in)
			}
		}
	}
}

func TestOutsidePackagesHaveOneHome(t *testing.T) {
	for _, p := range packages(t) {
		for _, in := range p.Imports {
			for prefix, home := range only {
				if under(in, prefix) {
					ok := under(p.ImportPath, home) || (home == "raftkv/node" && under(p.ImportPath, "raftkv/raft/rafttest"))
					require.True(t, ok, "%s imports %s, whose home is %s", p.ImportPath, in, home)
				}
			}
		}
	}
}

// The judge shares no code with the accused, and the harness tests the program
// as shipped: not even their tests may reach into the store.
func TestJudgeAndHarnessStayApartFromTheStore(t *testing.T) {
	for _, p := range packages(t) {
		if !under(p.ImportPath, "raftkv/history") && !under(p.ImportPath, "raftkv/harness") && !under(p.ImportPath, "raftkv/scenarios") {
			continue
		}
		for _, in := range append(append(p.Imports, p.TestImports...), p.XTestImports...) {
			require.False(t, under(in, "raftkv/node") || under(in, "raftkv/raft"), "%s imports %s", p.ImportPath, in)
		}
	}
}

func TestEngineAndStateMachineArePure(t *testing.T) {
	for _, p := range packages(t) {
		switch p.ImportPath {
		case "raftkv/raft", "raftkv/raft/quorum", "raftkv/raft/tracker", "raftkv/raft/membership", "raftkv/node/kv":
			for _, in := range p.Imports {
				require.NotContains(t, impure, in, "%s must stay pure", p.ImportPath)
			}
		}
	}
}

func floorOf(path string) (best floor, ok bool) {
	for _, f := range floors {
		if under(path, f.path) && len(f.path) > len(best.path) {
			best, ok = f, true
		}
	}
	return best, ok
}

// allows says whether a package on f may import path. A path is allowed with
// what lies under it, unless that has a floor of its own.
func (f floor) allows(path string) bool {
	target, _ := floorOf(path)
	if target.path == f.path {
		return true
	}
	for _, own := range f.own {
		if own == target.path {
			return true
		}
	}
	return strings.HasPrefix(target.path, f.path+"/")
}

func under(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	require.NoError(t, err)
	var ps []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		ps = append(ps, p)
	}
	require.Greater(t, len(ps), 15)
	return ps
}
