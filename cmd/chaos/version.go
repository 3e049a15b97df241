package main

import (
	"runtime"
	"runtime/debug"
)

// buildVersion is set by the linker.
var buildVersion string

// version names this build: what the linker was told, or else what the Go
// toolchain noted about the checkout.
func version() string {
	v := buildVersion
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	if v == "" {
		v = "unknown"
	}
	return "chaos " + v + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
