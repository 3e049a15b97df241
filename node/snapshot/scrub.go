package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Scrub reads the newest snapshot back and verifies it. It tells pace of the
// bytes that it has read, which may take its time or end the work with an error.
// It returns ErrCorrupt for a damaged file.
func (d *Dir) Scrub(pace func(bytes int) error) error {
	names, err := d.names()
	if err != nil || len(names) == 0 {
		return err
	}
	path := d.file(names[0].index, names[0].term)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a newer one has come meanwhile
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err == nil {
		err = verifyTrailer(paced{io.NewSectionReader(f, 0, info.Size()), pace}, info.Size())
	}
	if err != nil {
		return fmt.Errorf("scrub %s: %w", path, err)
	}
	return nil
}

// paced tells what it reads.
type paced struct {
	io.Reader
	pace func(int) error
}

func (p paced) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if late := p.pace(n); late != nil {
		return 0, late
	}
	return n, err
}
