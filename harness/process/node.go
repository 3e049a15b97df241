package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	gops "github.com/shirou/gopsutil/v4/process"

	"raftkv/harness/cluster"
)

var (
	errRunning    = errors.New("the node runs already")
	errNotRunning = errors.New("the node does not run")
)

// node is one member and, while it runs, its process.
type node struct {
	cluster.Node
	binary  string
	logPath string
	adminAt string

	// op keeps operations on the node apart from each other.
	op sync.Mutex
	// cpu is the throttle.
	cpu duty
	// mu guards the fields below.
	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has been waited for
}

// command makes the command of one run, its output appended to the node's log.
func (n *node) command() (*exec.Cmd, *os.File, error) {
	log, err := os.OpenFile(n.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("open the node's log: %w", err)
	}
	cmd := exec.Command(n.binary, n.Args()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	// The store takes flags from RAFTKV_… too: what this shell has set must
	// not change what is tested.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "RAFTKV_") })
	for k, v := range n.Env() {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd, log, nil
}

// launch starts the process. The file of the log is the child's from then on.
func (n *node) launch(s *spawner) error {
	if n.running() {
		return errRunning
	}
	n.hold(false)
	cmd, log, err := n.command()
	if err != nil {
		return err
	}
	defer log.Close()
	if err := s.start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", n.binary, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the state is read from cmd.ProcessState
		close(exited)
	}()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd, n.exited = cmd, exited
	return nil
}

// current gives the latest process; nil if there never was one.
func (n *node) current() (*exec.Cmd, chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cmd, n.exited
}

// running says whether there is a process that has not ended.
func (n *node) running() bool {
	_, exited := n.current()
	return exited != nil && !isClosed(exited)
}

// signal sends the signal to the process, which is known not to have been
// waited for, so that its id cannot be another's.
func (n *node) signal(sig syscall.Signal) error {
	cmd, _ := n.current()
	if !n.running() {
		return errNotRunning
	}
	if err := cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %s to process %d: %w", sig, cmd.Process.Pid, err)
	}
	return nil
}

// awaitExit waits until the process has ended.
func (n *node) awaitExit(ctx context.Context) error {
	_, exited := n.current()
	if exited == nil {
		return errNotRunning
	}
	select {
	case <-exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the node to exit: %w", ctx.Err())
	}
}

// end kills the process if there is one, after any operation in progress.
func (n *node) end(ctx context.Context) error {
	n.op.Lock()
	defer n.op.Unlock()
	n.endDuty()
	if n.signal(syscall.SIGKILL) != nil {
		return nil
	}
	return n.awaitExit(ctx)
}

// gone says, as an error, that the process has ended; nil while it runs.
func (n *node) gone() error {
	if n.running() {
		return nil
	}
	return fmt.Errorf("the node exited with code %d: %s", n.exitCode(), lastLine(n.logPath))
}

// exitCode gives the code of the ended process, 128 plus the signal's number if
// a signal ended it, as shells and Docker do.
func (n *node) exitCode() int {
	cmd, _ := n.current()
	if cmd == nil || cmd.ProcessState == nil {
		return -1
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

// state looks at the process from outside. One that is stopped for a moment by
// its throttle runs, if slowly.
func (n *node) state() (cluster.NodeState, error) {
	cmd, _ := n.current()
	if !n.running() {
		return cluster.NodeState{Phase: cluster.Exited, ExitCode: n.exitCode(), Detail: "waited for"}, nil
	}
	if n.throttled() {
		return cluster.NodeState{Phase: cluster.Running, Detail: fmt.Sprintf("process %d: throttled", cmd.Process.Pid)}, nil
	}
	phase, err := n.rawPhase()
	return cluster.NodeState{Phase: phase, Detail: fmt.Sprintf("process %d is %s", cmd.Process.Pid, phase)}, err
}

// rawPhase asks the kernel whether the process is stopped. It must run or have run.
func (n *node) rawPhase() (cluster.Phase, error) {
	cmd, _ := n.current()
	p := gops.Process{Pid: int32(cmd.Process.Pid)}
	status, err := p.Status()
	if err != nil || len(status) == 0 {
		return "", fmt.Errorf("read the state of process %d: %w", p.Pid, err)
	}
	if status[0] == gops.Stop {
		return cluster.Paused, nil
	}
	return cluster.Running, nil
}

// awaitPhase looks until the process is in the phase.
func (n *node) awaitPhase(ctx context.Context, want cluster.Phase) (cluster.NodeState, error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := n.state()
		if err == nil && s.Phase == want {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, fmt.Errorf("wait for phase %s, it is %s: %w", want, s, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
