package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"raftkv/client"
)

// scriptPatience bounds what a script waits for.
const scriptPatience = time.Minute

// TestNodes runs testdata/nodes/*.txtar against real nodes, each a process, on
// ports of their own. A script has these commands beside testscript's own:
//
//	nodes N [FLAG...]        allot addresses for nodes 1 to N and start none; the flags go to each
//	proxy FROM TO            a link of its own from node FROM, or client, to node TO; before FROM starts
//	start ID... [-- FLAG...] start nodes, with more flags for these
//	crash ID...              SIGKILL, and wait for the end
//	halt ID...               SIGTERM, and wait for the end
//	dies ID                  wait until the node ends by itself, with an exit code other than 0
//	wipe ID...               empty a stopped node's folder
//	leader [ID]              wait until all that run agree on a leader (on this one)
//	puts A B, gets A B       write kA=vA to kB=vB, each acknowledged; read them all back
//	bend FROM TO TEXT [N]    on a proxied link, flip a bit of TEXT when it passes, N times (1); without TEXT stop that
//	client NAME ID           put node ID's client address into the variable NAME
//	env-of NAME WHAT ID      put WHAT (CLIENT, PEER or ADMIN) of node ID into the variable NAME
//	hole                     an address that swallows what it is sent, in $HOLE
//
// The environment holds NODES and RAFTKV_NODES (all client addresses), PEERS,
// CLIENTn, PEERn and ADMINn of node n, VIAn of a proxied client link to n, and
// after leader: LEADER, OTHER1, OTHER2 … (the ids of those that run and do not
// lead). What node n writes is in the file n.log, and its folder is n. At the
// end of a script no node may have left a goroutine trace.
func TestNodes(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/nodes",
		Setup: func(e *testscript.Env) error {
			f := &fleet{nodes: map[int]*process{}, links: map[string]*bender{}}
			e.Values["fleet"] = f
			e.Defer(f.close)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"nodes": onFleet((*fleet).allot), "proxy": onFleet((*fleet).proxy),
			"start": onFleet((*fleet).start), "crash": onFleet((*fleet).crash), "halt": onFleet((*fleet).halt),
			"dies": onFleet((*fleet).dies), "wipe": onFleet((*fleet).wipe), "leader": onFleet((*fleet).leader),
			"puts": onFleet((*fleet).puts), "gets": onFleet((*fleet).gets),
			"bend": onFleet((*fleet).bend), "hole": onFleet((*fleet).hole),
			"client": onFleet((*fleet).client),
			"env-of": onFleet(func(f *fleet, args []string) { f.ts.Setenv(args[0], f.env(args[1], f.id(args[2]))) }),
			"exits":  exits, "eventually": eventually, "unread": unread, "binary": noText,
		},
	})
}

// fleet is a script's nodes and what lies between them.
type fleet struct {
	ts    *testscript.TestScript
	size  int
	flags []string
	nodes map[int]*process   // those that were started
	links map[string]*bender // by "FROM-TO"
	holes []net.Listener
}

// process is one life of a node.
type process struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when it has ended
}

func onFleet(f func(*fleet, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		fl := ts.Value("fleet").(*fleet)
		if fl.ts = ts; neg {
			ts.Fatalf("this command cannot be negated")
		}
		f(fl, args)
	}
}

func (f *fleet) id(s string) int {
	id, err := strconv.Atoi(s)
	if err != nil || id < 1 || id > f.size {
		f.ts.Fatalf("%q is none of nodes 1 to %d", s, f.size)
	}
	return id
}

func (f *fleet) env(name string, id int) string { return f.ts.Getenv(name + strconv.Itoa(id)) }

func (f *fleet) allot(args []string) {
	f.size, f.flags = 9, args[1:]
	n := f.id(args[0])
	f.size = n
	var clients, peers []string
	for id := 1; id <= n; id++ {
		for _, name := range []string{"CLIENT", "PEER", "ADMIN"} {
			f.ts.Setenv(name+strconv.Itoa(id), freeAddress(nil))
		}
		clients = append(clients, f.env("CLIENT", id))
		peers = append(peers, fmt.Sprintf("%d=%s", id, f.env("PEER", id)))
	}
	f.ts.Setenv("NODES", strings.Join(clients, ","))
	f.ts.Setenv("RAFTKV_NODES", strings.Join(clients, ","))
	f.ts.Setenv("PEERS", strings.Join(peers, ","))
}

// peersOf is how a node dials the others: over its proxies where it has some.
func (f *fleet) peersOf(from int) string {
	var peers []string
	for id := 1; id <= f.size; id++ {
		address := f.env("PEER", id)
		if link := f.links[fmt.Sprintf("%d-%d", from, id)]; link != nil {
			address = link.address()
		}
		peers = append(peers, fmt.Sprintf("%d=%s", id, address))
	}
	return strings.Join(peers, ",")
}

func (f *fleet) start(args []string) {
	ids, more := args, []string{}
	if i := slices.Index(args, "--"); i >= 0 {
		ids, more = args[:i], args[i+1:]
	}
	for _, s := range ids {
		f.launch(f.id(s), more)
	}
}

func (f *fleet) launch(id int, more []string) {
	if f.runs(id) {
		f.ts.Fatalf("node %d runs", id)
	}
	log, err := os.OpenFile(f.ts.MkAbs(fmt.Sprintf("%d.log", id)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	f.ts.Check(err)
	args := []string{"serve", "--id", strconv.Itoa(id), "--data-dir", f.ts.MkAbs(strconv.Itoa(id)),
		"--listen-client", f.env("CLIENT", id), "--listen-peer", f.env("PEER", id), "--listen-admin", f.env("ADMIN", id)}
	if all := slices.Concat(f.flags, more); !slices.Contains(all, "--join") {
		args = append(args, "--peers", f.peersOf(id))
	}
	p := &process{cmd: exec.Command(f.program(), slices.Concat(args, f.flags, more)...), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = log, log, f.environ()
	f.ts.Check(p.cmd.Start())
	f.nodes[id] = p
	go func() {
		_ = p.cmd.Wait() // the state tells
		close(p.done)
	}()
}

func (f *fleet) program() string {
	return filepath.Join(strings.Split(f.ts.Getenv("PATH"), string(os.PathListSeparator))[0], "raftkv")
}

// environ is the script's own where it matters to a node.
func (f *fleet) environ() []string {
	env := os.Environ()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		env = append(env, name+"="+f.ts.Getenv(name))
	}
	return env
}

func (f *fleet) runs(id int) bool {
	p := f.nodes[id]
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (f *fleet) crash(args []string) { f.end(args, syscall.SIGKILL) }
func (f *fleet) halt(args []string)  { f.end(args, syscall.SIGTERM) }

func (f *fleet) end(args []string, s syscall.Signal) {
	for _, a := range args {
		if !f.runs(f.id(a)) {
			f.ts.Fatalf("node %s does not run", a)
		}
		f.ts.Check(f.nodes[f.id(a)].cmd.Process.Signal(s))
	}
	for _, a := range args {
		f.awaitEnd(f.id(a))
	}
}

func (f *fleet) awaitEnd(id int) {
	p := f.nodes[id]
	select {
	case <-p.done:
		f.ts.Check(p.log.Close())
		delete(f.nodes, id)
	case <-time.After(scriptPatience):
		f.ts.Fatalf("node %d did not end", id)
	}
}

func (f *fleet) dies(args []string) {
	id := f.id(args[0])
	p := f.nodes[id]
	if p == nil {
		f.ts.Fatalf("node %d was not started", id)
	}
	f.awaitEnd(id)
	if code := p.cmd.ProcessState.ExitCode(); code == 0 {
		f.ts.Fatalf("node %d ended with exit code 0", id)
	}
}

func (f *fleet) wipe(args []string) {
	for _, a := range args {
		if f.runs(f.id(a)) {
			f.ts.Fatalf("node %s runs", a)
		}
		f.ts.Check(os.RemoveAll(f.ts.MkAbs(a)))
	}
}

// leader waits for one that all running nodes name, and notes who is who.
func (f *fleet) leader(args []string) {
	want := uint64(0)
	if len(args) > 0 {
		want = uint64(f.id(args[0]))
	}
	var addresses []string
	for id := 1; id <= f.size; id++ {
		if f.runs(id) {
			addresses = append(addresses, f.env("CLIENT", id))
		}
	}
	var last []client.NodeStatus
	f.eventually(func() bool {
		last = f.statuses(addresses)
		return agreed(last, want)
	}, func() string { return fmt.Sprintf("no leader: %+v", last) })
	n := 0
	f.ts.Setenv("LEADER", fmt.Sprint(last[0].Leader))
	for _, st := range last {
		if st.ID != st.Leader {
			n++
			f.ts.Setenv("OTHER"+strconv.Itoa(n), fmt.Sprint(st.ID))
		}
	}
}

// agreed says that all nodes name one leader, who is among them: the one wanted,
// if not 0.
func agreed(all []client.NodeStatus, want uint64) bool {
	leads := 0
	for _, st := range all {
		if st.Err != nil || st.Leader == 0 || st.Leader != all[0].Leader || (want != 0 && st.Leader != want) {
			return false
		}
		if st.Role == "leader" {
			leads++
		}
	}
	return leads == 1
}

func (f *fleet) statuses(addresses []string) (all []client.NodeStatus) {
	f.with(addresses, func(ctx context.Context, cl *client.Client) { all = cl.StatusAll(ctx) })
	return all
}

// with runs fn with a client of these addresses.
func (f *fleet) with(addresses []string, fn func(context.Context, *client.Client)) {
	cl, err := client.New(client.Config{Nodes: addresses})
	f.ts.Check(err)
	defer func() { _ = cl.Close() }() // its only error is a second Close
	ctx, cancel := context.WithTimeout(context.Background(), scriptPatience)
	defer cancel()
	fn(ctx, cl)
}

func (f *fleet) eventually(done func() bool, why func() string) {
	for deadline := time.Now().Add(scriptPatience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.ts.Fatalf("%s", why())
		}
	}
}

// each runs fn for the keys from args[0] to args[1].
func (f *fleet) each(args []string, fn func(ctx context.Context, cl *client.Client, key, value string) error) {
	from, err := strconv.Atoi(args[0])
	f.ts.Check(err)
	to, err := strconv.Atoi(args[1])
	f.ts.Check(err)
	f.with(strings.Split(f.ts.Getenv("RAFTKV_NODES"), ","), func(ctx context.Context, cl *client.Client) {
		for i := from; i <= to; i++ {
			f.ts.Check(fn(ctx, cl, fmt.Sprintf("k%d", i), fmt.Sprintf("v%d", i)))
		}
	})
}

func (f *fleet) puts(args []string) {
	f.each(args, func(ctx context.Context, cl *client.Client, key, value string) error {
		return cl.Put(ctx, key, []byte(value))
	})
}

func (f *fleet) gets(args []string) {
	f.each(args, func(ctx context.Context, cl *client.Client, key, value string) error {
		got, found, err := cl.Get(ctx, key)
		if err == nil && (!found || string(got) != value) {
			err = fmt.Errorf("%s holds %q (found: %v), want %q", key, got, found, value)
		}
		return err
	})
}

func (f *fleet) client(args []string) { f.ts.Setenv(args[0], f.env("CLIENT", f.id(args[1]))) }

func (f *fleet) hole([]string) {
	lis, err := net.Listen("tcp", freeAddress(nil))
	f.ts.Check(err)
	f.holes = append(f.holes, lis) // the kernel accepts, and nobody ever answers
	f.ts.Setenv("HOLE", lis.Addr().String())
}

// close ends what still runs and looks for traces of a crash.
func (f *fleet) close() {
	for _, p := range f.nodes {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
		_ = p.log.Close()
	}
	for _, l := range f.links {
		l.close()
	}
	for _, lis := range f.holes {
		_ = lis.Close()
	}
	for id := 1; id <= f.size; id++ {
		log, _ := os.ReadFile(f.ts.MkAbs(fmt.Sprintf("%d.log", id))) // it may not have been started
		if i := bytes.Index(log, []byte("goroutine ")); i >= 0 {
			f.ts.Fatalf("node %d left a trace: %s", id, log[max(0, i-500):min(len(log), i+500)])
		}
	}
}
