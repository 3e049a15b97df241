package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftkv/client/api"
	apiv1 "raftkv/client/api/v1"
	"raftkv/client/clienttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"raftkv": main})
}

// TestScripts runs testdata/*.txtar, each against a pretended cluster of its
// own: $NODES are its addresses, $NODE1 that of the leader, $NODE2 that of a follower, $DEAD one where
// nobody listens. The command `cluster` changes it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			c := clienttest.Start(e.T().(testing.TB), 3)
			e.Values["cluster"] = c
			e.Setenv("NODES", strings.Join(c.Addresses(), ","))
			e.Setenv("NODE1", c.Addresses()[0])
			e.Setenv("NODE2", c.Addresses()[1])
			e.Setenv("DEAD", "127.0.0.1:1")
			for _, port := range []string{"CLIENT", "PEER", "ADMINPORT"} {
				e.Setenv(port, freeAddress(e.T().(testing.TB)))
			}
			admin := httptest.NewServer(http.HandlerFunc(readyz))
			e.Defer(admin.Close)
			e.Setenv("ADMIN", admin.Listener.Addr().String())
			_, port, err := net.SplitHostPort(admin.Listener.Addr().String())
			e.Setenv("NOTREADY", "localhost:"+port)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "binary": noText, "unread": unread,
			"eventually": eventually,
			"newer-log":  newerLog, "newer-snapshots": newerSnapshots,
			"cluster": func(ts *testscript.TestScript, _ bool, args []string) {
				changeCluster(ts, ts.Value("cluster").(*clienttest.Cluster), args[0])
			},
		},
	})
}

// readyz is an admin port of a node that lives; reached by the name localhost it
// is not ready.
func readyz(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		return
	}
	if r.URL.Path != "/readyz" || strings.HasPrefix(r.Host, "localhost") {
		http.Error(w, "no leader\nyet", http.StatusServiceUnavailable)
	}
}

// exits runs a program, and demands the exit code that comes first.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// eventually runs a program again and again until it succeeds.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = ts.Exec(args[0], args[1:]...); err == nil {
			return
		}
	}
	ts.Fatalf("%v", err)
}

var nextPort atomic.Int32

// freeAddress is on a loopback address of this process's own, below the ports
// that outgoing connections take, and never handed out twice.
func freeAddress(testing.TB) string {
	host := fmt.Sprintf("127.%d.%d.2", 1+os.Getpid()/250%250, 1+os.Getpid()%250)
	return fmt.Sprintf("%s:%d", host, 20_000+nextPort.Add(1))
}

func changeCluster(ts *testscript.TestScript, c *clienttest.Cluster, change string) {
	reply := func(a clienttest.Action, resp *apiv1.Response) {
		for id := range uint64(3) {
			c.Node(id + 1).SetScript(func(r *apiv1.Request) (clienttest.Action, *apiv1.Response) {
				if r.GetPut() == nil {
					return clienttest.Answer, nil
				}
				return a, resp
			})
		}
	}
	switch change {
	case "leaderless":
		c.Lead(0)
	case "swallow-puts":
		reply(clienttest.DoSilently, nil)
	case "refuse-puts":
		reply(clienttest.Answer, clienttest.Refuse(apiv1.Reason_REASON_TOO_LARGE))
	case "refuse-promotions":
		for id := range uint64(3) {
			c.Node(id + 1).SetAdmin(refusePromotions)
		}
	case "swallow-changes":
		for id := range uint64(3) {
			c.Node(id + 1).SetAdmin(func(*apiv1.MemberChangeRequest) error { return status.Error(codes.Unavailable, "gone") })
		}
	case "stop-node-2":
		c.Node(2).Stop()
	default:
		ts.Fatalf("unknown change %q", change)
	}
}

func refusePromotions(q *apiv1.MemberChangeRequest) error {
	if len(q.Promote) == 0 {
		return nil
	}
	return api.ToStatus(&apiv1.Error{Reason: apiv1.Reason_REASON_NOT_NOW, Message: "4 is not heard"})
}

func TestTallyCountsWhatWasDone(t *testing.T) {
	r := newBenchResult()
	for i := range 100 {
		r.writes.add(time.Duration(i+1)*time.Millisecond, nil)
	}
	r.writes.add(time.Hour, os.ErrDeadlineExceeded)
	r.elapsed = 2 * time.Second
	var b strings.Builder
	require.NoError(t, r.print(&printer{w: &b}, false))
	require.Regexp(t, `^writes=100 throughput=50_ops/sec p50=5\d\.\d+ms p99=99\.\d+ms\nerrors=1 unknown=0\n$`, b.String())
	require.ErrorIs(t, r.err(), os.ErrDeadlineExceeded)
}

// noText writes a file of bytes that are no text.
func noText(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte{0, 0xff, '\n', '\r', 0}, 0o600))
}

// unread runs a program whose standard output nobody reads any more, and demands
// the exit code that comes first and no talk of the pipe.
func unread(ts *testscript.TestScript, _ bool, args []string) {
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	defer w.Close()
	var said strings.Builder
	path := filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[1])
	cmd := exec.Command(path, args[2:]...)
	cmd.Env = append(os.Environ(), "RAFTKV_NODES="+ts.Getenv("RAFTKV_NODES"))
	cmd.Stdout, cmd.Stderr = w, &said
	err = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d (%v), want %s: %s", code, err, args[0], said.String())
	}
	if strings.Contains(said.String(), "pipe") {
		ts.Fatalf("it speaks of the pipe: %s", said.String())
	}
}
