package raftkv_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The house's measures: small functions read at a glance.
const (
	longest     = 70
	nineInTen   = 40
	typical     = 11
	longestFile = 500
)

func TestFunctionsAreSmall(t *testing.T) {
	var lengths []int
	eachFile(t, func(path string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		require.LessOrEqual(t, set.Position(f.End()).Line, longestFile, "%s is too long for one idea", path)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1
			require.LessOrEqual(t, n, longest, "%s: %s has %d lines", path, fn.Name.Name, n)
			lengths = append(lengths, n)
		}
	})
	slices.Sort(lengths)
	require.NotEmpty(t, lengths)
	require.LessOrEqual(t, lengths[len(lengths)/2], typical, "half of all functions")
	require.LessOrEqual(t, lengths[len(lengths)*9/10], nineInTen, "nine in ten functions")
}

func TestNoInitFunctions(t *testing.T) {
	eachFile(t, func(path string, _ *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				require.NotEqual(t, "init", fn.Name.Name, "%s: say it where it is used", path)
			}
		}
	})
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	eachFile(t, func(path string, _ *token.FileSet, f *ast.File) {
		dir := filepath.Dir(path)
		if !strings.HasSuffix(path, "_test.go") {
			documented[dir] = documented[dir] || f.Doc != nil
		}
	})
	for dir, ok := range documented {
		require.True(t, ok, "%s has no package comment", dir)
	}
}

// eachFile parses every hand-written Go file of the module.
func eachFile(t *testing.T, visit func(path string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "tools" || d.Name() == "bin" || d.Name() == "runs") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".pb.go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		require.NoError(t, err)
		visit(path, set, f)
		return nil
	})
	require.NoError(t, err)
}
