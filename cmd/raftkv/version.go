package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// buildVersion is set by the linker.
var buildVersion string

// version names this build: what the linker was told, or else what the Go
// toolchain noted about the checkout.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the version, and what it was built with and for.
func (c *versionCmd) Run(out *printer) error {
	return out.result(c.JSON,
		map[string]string{"version": version(), "go": runtime.Version(), "platform": platform},
		versionLine())
}

const platform = runtime.GOOS + "/" + runtime.GOARCH

func versionLine() string {
	return fmt.Sprintf("raftkv %s %s %s", version(), runtime.Version(), platform)
}
