// Command fakenode stands in for the store in the harness's own tests: it takes
// the flags of "raftkv serve", listens on the same three ports, speaks gRPC with
// no services on two of them, and answers /healthz and /status on the third.
// Node 1 says that it leads. The "keys" of its status count its starts, kept in
// its data folder, so that a test sees whether data survives. With --hang it
// never listens.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"google.golang.org/grpc"
)

func main() {
	if err := run(flags(os.Args[1:])); err != nil {
		fmt.Fprintln(os.Stderr, "fakenode:", err)
		os.Exit(1)
	}
}

// flags reads --name=value arguments.
func flags(args []string) map[string]string {
	out := map[string]string{}
	for _, a := range args {
		if name, value, ok := strings.Cut(strings.TrimPrefix(a, "--"), "="); ok {
			out[name] = value
		}
	}
	return out
}

func run(f map[string]string) error {
	if f["fail"] != "" {
		return fmt.Errorf("asked to fail: %s", f["fail"])
	}
	if f["hang"] != "" {
		<-stopped()
		return nil
	}
	starts, err := countStart(f["data-dir"])
	if err != nil {
		return err
	}
	for _, name := range []string{"listen-client", "listen-peer"} {
		l, err := net.Listen("tcp", f[name])
		if err != nil {
			return err
		}
		go func() { _ = grpc.NewServer().Serve(l) }()
	}
	l, err := net.Listen("tcp", f["listen-admin"])
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, admin(f["id"], starts)) }()
	fmt.Printf("fakenode %s started, start %d, FAKE=%s\n", f["id"], starts, os.Getenv("FAKE"))
	<-stopped()
	fmt.Printf("fakenode %s stops\n", f["id"])
	return nil
}

// stopped gives a value when the program is asked to end.
func stopped() <-chan os.Signal {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	return stop
}

// countStart appends one byte to a file and says how long the file is.
func countStart(dir string) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	name := filepath.Join(dir, "starts")
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return 0, err
	}
	return len(old) + 1, os.WriteFile(name, append(old, '.'), 0o644)
}

func admin(id string, starts int) http.Handler {
	role := "follower"
	if id == "1" {
		role = "leader"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id":%s,"role":%q,"term":1,"leader":1,"keys":%d}`, id, role, starts)
	})
	return mux
}
