//go:build raftkv_failpoints

package failpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// armed is where this process is to die.
type armed struct {
	dir   string
	point Point
	left  atomic.Int64 // passings until then
}

var current atomic.Pointer[armed]

// Arm reads from a data folder where this process is to die; without File
// nowhere. Call it once, before the node does anything.
func Arm(dir string) {
	a := &armed{dir: dir}
	text, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return
	}
	var nth int64
	if _, err := fmt.Sscan(string(text), &a.point, &nth); err != nil || nth < 1 {
		panic(fmt.Sprintf("failpoint: %s/%s says %q: write a point's name and a number", dir, File, text))
	}
	a.left.Store(nth)
	current.Store(a)
}

// At passes a point, and is where the process dies if it is the armed one. It
// may be called from any goroutine.
func At(p Point) {
	a := current.Load()
	if a == nil || a.point != p || a.left.Add(-1) != 0 {
		return
	}
	if err := os.WriteFile(filepath.Join(a.dir, Fired), []byte(p), 0o644); err != nil {
		panic(err)
	}
	// SIGKILL: nothing of this process gets another word in.
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
