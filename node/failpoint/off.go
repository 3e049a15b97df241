//go:build !raftkv_failpoints

package failpoint

// Arm does nothing in this build.
func Arm(string) {}

// At does nothing in this build.
func At(Point) {}
