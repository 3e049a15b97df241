//go:build !linux

package process

import "syscall"

// attributes puts a node in a process group of its own, so that a Ctrl-C at the
// terminal reaches the harness only. The sweep kills what a dead harness left.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
