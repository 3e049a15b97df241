package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

const (
	first     = 10240
	last      = 32768
	blockSize = 128
	blocks    = (last - first) / blockSize
)

// ErrNone is returned when every block is held or too full of foreign ports.
var ErrNone = errors.New("no free block of TCP ports between 10240 and 32767 on 127.0.0.1")

// Block is a set of ports held by this program until Release. Safe for use by
// several goroutines.
type Block struct {
	mu   sync.Mutex
	lock *os.File
	free []int
}

// Reserve holds a block with at least n usable ports (n up to 120).
func Reserve(n int) (*Block, error) {
	for _, i := range rand.Perm(blocks) {
		b, err := try(i, n)
		if err != nil {
			return nil, err
		}
		if b != nil {
			return b, nil
		}
	}
	return nil, ErrNone
}

// Next takes one port out of the block.
func (b *Block) Next() (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) == 0 {
		return 0, ErrNone
	}
	p := b.free[0]
	b.free = b.free[1:]
	return p, nil
}

// Addr takes one port and gives it as 127.0.0.1:port.
func (b *Block) Addr() (string, error) {
	p, err := b.Next()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p)), err
}

// Release gives the block back. Call it when nothing listens any more.
func (b *Block) Release() error {
	if b.lock == nil {
		return nil
	}
	err := b.lock.Close()
	b.lock = nil
	return err
}

// try takes block i; nil and no error means that it is not to be had.
func try(i, n int) (*Block, error) {
	lock, err := lockFile(i)
	if err != nil || lock == nil {
		return nil, err
	}
	b := &Block{lock: lock, free: usable(first + i*blockSize)}
	if len(b.free) < n {
		return nil, b.Release()
	}
	return b, nil
}

// lockFile locks the block's file; nil means that another holds it.
func lockFile(i int) (*os.File, error) {
	dir := filepath.Join(os.TempDir(), "raftkv-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of port locks: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(i)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a port lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, f.Close()
	}
	return f, nil
}

// usable lists the ports of a block that nobody listens on now.
func usable(base int) []int {
	var free []int
	for p := base; p < base+blockSize; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(p)))
		if err != nil {
			continue
		}
		if l.Close() == nil {
			free = append(free, p)
		}
	}
	return free
}
