package process

import "syscall"

// attributes puts a node in a process group of its own, so that a Ctrl-C at the
// terminal reaches the harness only, and has the kernel kill it when the
// spawner's thread, that is, the harness, dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
