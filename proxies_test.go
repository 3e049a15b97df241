package raftkv_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The harness reaches the nodes through proxies, which it cuts. A client that went
// on to an address that a node advertises would pass them by, and see no fault.
func TestHarnessClientsKeepToTheirProxies(t *testing.T) {
	found := 0
	eachFile(t, func(path string, set *token.FileSet, f *ast.File) {
		if !strings.HasPrefix(path, "harness/") && !strings.HasPrefix(path, "scenarios/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && isClientConfig(lit.Type) {
				found++
				require.True(t, sets(lit, "OnlyNodes"), "%s: say OnlyNodes", set.Position(lit.Pos()))
			}
			return true
		})
	})
	require.NotZero(t, found)
}

func isClientConfig(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Config" {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "client"
}

// sets says whether a literal sets this field to true.
func sets(lit *ast.CompositeLit, field string) bool {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			key, _ := kv.Key.(*ast.Ident)
			value, _ := kv.Value.(*ast.Ident)
			if key != nil && value != nil && key.Name == field && value.Name == "true" {
				return true
			}
		}
	}
	return false
}
