package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/proof"
)

const (
	// logFile is the log in a node's data folder.
	logFile  = "log.db"
	pageSize = 4096
)

type bitFlip struct {
	id, at int
}

// BitFlip kills the node and turns one bit of its log, on a page that is not
// empty and has about at thousandths of those before it. The heal starts the
// node: it has to notice, or the page was one that nothing is on any more.
//
// Never on a majority at once: a node that lost entries does not vote until it
// has them again.
func BitFlip(at, id int) Fault { return Needing(bitFlip{id, at}, dataNeed()) }

// dataNeed is data that this program can reach.
func dataNeed() Need {
	return Need{Name: "data within reach", Probe: func(_ context.Context, c cluster.Cluster) error {
		_, err := reachable(c)
		return err
	}}
}

// Name implements Fault.
func (b bitFlip) Name() string { return "bit flip " + names([]int{b.id}) }

// Inject implements Fault.
func (b bitFlip) Inject(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	start := time.Now()
	seen, err := b.inject(ctx, c)
	if err != nil {
		return proof.Fail(start, "flip a bit", names([]int{b.id}), err)
	}
	return proof.Since(start, "flip a bit", names([]int{b.id}), proof.Installed, seen), nil
}

func (b bitFlip) inject(ctx context.Context, c cluster.Cluster) (string, error) {
	d, err := reachable(c)
	if err != nil {
		return "", err
	}
	if _, err := c.Kill(ctx, b.id); err != nil && !gone(ctx, c, b.id) {
		return "", err
	}
	return flip(filepath.Join(d.DataDir(b.id), logFile), b.at)
}

// flip turns a bit, and reads it back.
func flip(path string, at int) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	where := pick(text, at)
	if where < 0 {
		return "", errors.New("the log is empty")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	now := []byte{text[where] ^ 1}
	_, err = f.WriteAt(now, int64(where))
	read := []byte{0}
	if err == nil {
		_, err = f.ReadAt(read, int64(where))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil && read[0] != now[0] {
		err = errors.New("it reads back as before")
	}
	return fmt.Sprintf("byte %d of %s was %#02x and is %#02x", where, logFile, text[where], now[0]), err
}

// pick gives a place that is not zero, from the middle of the chosen page on; -1
// if all is zero.
func pick(text []byte, at int) int {
	var used []int
	for p := 0; p < len(text); p += pageSize {
		if page := text[p:min(p+pageSize, len(text))]; len(bytes.Trim(page, "\x00")) > 0 {
			used = append(used, p)
		}
	}
	if len(used) == 0 {
		return -1
	}
	p := used[at*len(used)/1000]
	for i := range pageSize {
		if where := p + (pageSize/2+i)%pageSize; where < len(text) && text[where] != 0 {
			return where
		}
	}
	return p
}

// Heal implements Fault.
func (b bitFlip) Heal(ctx context.Context, c cluster.Cluster) (proof.Evidence, error) {
	e, err := undo(ctx, c, "start", []int{b.id}, cluster.Exited, c.Start)
	if err != nil {
		return e, err
	}
	if d, err := reachable(c); err == nil {
		aside, _ := filepath.Glob(filepath.Join(d.DataDir(b.id), "damaged-*"))
		e.Detail += fmt.Sprintf("; %d damaged files were ever set aside", len(aside))
	}
	return e, nil
}
