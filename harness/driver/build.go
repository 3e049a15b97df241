package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"raftkv/harness/cluster"
	"raftkv/harness/docker"
)

const (
	nodePackage  = "./cmd/raftkv"
	proxyPackage = "./harness/hold/server"
)

// Binaries are the programs that a cluster runs.
type Binaries struct {
	// Node is the store for this machine.
	Node string
	// NodeLinux is the store for containers; docker only.
	NodeLinux string
	// Image is run instead of NodeLinux, if it is given; docker only.
	Image string
	// Proxy is Toxiproxy's server for containers; docker only.
	Proxy string
}

// Fill sets the spec's programs for the driver.
func (b Binaries) Fill(spec *cluster.Spec, driver string) {
	spec.Binary, spec.Image, spec.Proxy = b.Node, b.Image, ""
	if driver == docker.Name {
		spec.Binary, spec.Proxy = b.NodeLinux, b.Proxy
	}
}

// BuildBinaries builds what the driver needs into outDir, statically, from the
// module at repoRoot. Go's cache makes a second build quick.
func BuildBinaries(ctx context.Context, repoRoot, outDir, driver string) (Binaries, error) {
	b := Binaries{Node: filepath.Join(outDir, "raftkv")}
	if driver != docker.Name {
		return b, Build(ctx, repoRoot, b.Node, nodePackage, runtime.GOOS)
	}
	b.NodeLinux = filepath.Join(outDir, "raftkv-linux")
	b.Proxy = filepath.Join(outDir, "toxiproxy-server")
	if runtime.GOOS == "linux" {
		b.Node = b.NodeLinux
	} else if err := Build(ctx, repoRoot, b.Node, nodePackage, runtime.GOOS); err != nil {
		return b, err
	}
	return b, errors.Join(
		Build(ctx, repoRoot, b.NodeLinux, nodePackage, "linux"),
		Build(ctx, repoRoot, b.Proxy, proxyPackage, "linux"),
	)
}

// BuildNode builds the store at out with build tags, statically, for Linux if
// this machine runs it.
func BuildNode(ctx context.Context, repoRoot, out string, tags ...string) error {
	return Build(ctx, repoRoot, out, nodePackage, runtime.GOOS, tags...)
}

// Build builds one program of the module, or of one it depends on, statically.
func Build(ctx context.Context, repoRoot, out, pkg, goos string, tags ...string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	args := []string{"build", "-trimpath", "-o", out}
	if len(tags) > 0 {
		args = append(args, "-tags", strings.Join(tags, ","))
	}
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = repoRoot
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", pkg, err, bytes.TrimSpace(text))
	}
	return nil
}

// RepoRoot gives the folder of the module that the working directory is in.
func RepoRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("the working directory is not in RaftKV's clone")
	}
	return filepath.Dir(mod), nil
}
