//go:build !raftkv_failpoints

package failpoint

import "net/http"

// Disk does nothing in this build.
func Disk() error { return nil }

// Routes does nothing in this build.
func Routes(*http.ServeMux) {}
