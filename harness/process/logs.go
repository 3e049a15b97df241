package process

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"raftkv/harness/cluster"
)

// tailBytes is how much of a log's end is looked at for its last line.
const tailBytes = 4096

// lastLine gives the last line of a log, for an error message.
func lastLine(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "no log"
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = f.Seek(-tailBytes, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return cluster.EmptyLog
	}
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}

// copyFile copies a log.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("save a log: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("save a log: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return fmt.Errorf("save a log: %w", err)
	}
	return out.Close()
}
