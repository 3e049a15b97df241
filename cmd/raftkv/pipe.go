package main

import (
	"errors"
	"io"
	"syscall"
)

// pipe is standard output. When the reader has gone, as head does, the rest is
// dropped without a word: the exit code still says what became of the command.
type pipe struct {
	w      io.Writer
	closed bool
}

// Write implements io.Writer.
func (p *pipe) Write(b []byte) (int, error) {
	if p.closed {
		return len(b), nil
	}
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.closed = true
		return len(b), nil
	}
	return n, err
}

// unread says that nobody reads the output any more.
func (p *printer) unread() bool {
	out, ok := p.w.(*pipe)
	return ok && out.closed
}
