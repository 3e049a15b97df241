package main

import (
	"bytes"
	"net"
	"strconv"
	"sync"
)

// proxy puts a bender on the link from a node, or from clients, to a node.
func (f *fleet) proxy(args []string) {
	from, to := args[0], f.id(args[1])
	target := f.env("PEER", to)
	if from == "client" {
		target = f.env("CLIENT", to)
	} else if f.runs(f.id(from)) {
		f.ts.Fatalf("node %s runs already and dials without the proxy", from)
	}
	b, err := newBender(target)
	f.ts.Check(err)
	f.links[from+"-"+args[1]] = b
	if from == "client" {
		f.ts.Setenv("VIA"+args[1], b.address())
	}
}

// bend has a proxied link flip a bit of a text, so many times.
func (f *fleet) bend(args []string) {
	b := f.links[args[0]+"-"+args[1]]
	if b == nil {
		f.ts.Fatalf("there is no proxy from %s to %s", args[0], args[1])
	}
	text, times := "", 1
	if len(args) > 2 {
		text = args[2]
	}
	if len(args) > 3 {
		n, err := strconv.Atoi(args[3])
		f.ts.Check(err)
		times = n
	}
	b.arm(text, times)
}

// bender is a TCP proxy that changes one bit of a given text, in either direction.
type bender struct {
	lis    net.Listener
	target string

	mu    sync.Mutex
	text  []byte
	times int
	conns []net.Conn
}

func newBender(target string) (*bender, error) {
	lis, err := net.Listen("tcp", freeAddress(nil))
	if err != nil {
		return nil, err
	}
	b := &bender{lis: lis, target: target}
	go b.serve()
	return b, nil
}

func (b *bender) address() string { return b.lis.Addr().String() }

func (b *bender) arm(text string, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text, b.times = []byte(text), times
}

func (b *bender) serve() {
	for {
		in, err := b.lis.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", b.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		b.mu.Lock()
		b.conns = append(b.conns, in, out)
		b.mu.Unlock()
		go b.pass(in, out)
		go b.pass(out, in)
	}
}

// pass copies what comes. A text that two reads tear apart goes by unseen.
func (b *bender) pass(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }() // the other direction may have been first
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			b.flip(buf[:n])
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (b *bender) flip(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.text) == 0 || b.times == 0 {
		return
	}
	if i := bytes.Index(p, b.text); i >= 0 {
		p[i+len(b.text)-1] ^= 1
		b.times--
	}
}

func (b *bender) close() {
	_ = b.lis.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		_ = c.Close()
	}
}
