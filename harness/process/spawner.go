package process

import (
	"errors"
	"os/exec"
	"runtime"
)

var errClosed = errors.New("the cluster is closed")

// spawner starts processes from one operating-system thread. Linux ties "kill
// me when my parent dies" to the thread that forked, and the Go runtime may end
// a thread at any time, so the nodes' thread is pinned by a goroutine that
// lives as long as they do.
type spawner struct {
	jobs chan spawn
	quit chan struct{} // closed to end the goroutine
}

type spawn struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan spawn), quit: make(chan struct{})}
	go s.loop()
	return s
}

func (s *spawner) loop() {
	runtime.LockOSThread()
	// Unlocking before the end keeps the thread alive in the runtime's pool.
	defer runtime.UnlockOSThread()
	for {
		select {
		case j := <-s.jobs:
			j.done <- j.cmd.Start()
		case <-s.quit:
			return
		}
	}
}

// start starts the command. It may be called at any time, also after stop.
func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error)
	select {
	case s.jobs <- spawn{cmd, done}:
		return <-done
	case <-s.quit:
		return errClosed
	}
}

// stop ends the goroutine. Call it when every process has exited.
func (s *spawner) stop() { close(s.quit) }
