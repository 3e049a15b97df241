package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
)

// Format names a file format of histories.
type Format string

// The formats that Read tells apart.
const (
	FormatJSONL     Format = "jsonl"
	FormatEDN       Format = "edn"
	FormatJepsenLog Format = "jepsen.log"
)

// ErrUnknownFormat means that a file looks like none of the formats.
var ErrUnknownFormat = errors.New("not a history: expected JSON lines, Jepsen's history.edn or a jepsen.log")

// ErrEmpty means that there is nothing in a file, or only white space.
var ErrEmpty = errors.New("the history is empty: no operation was recorded")

// sniffed is how much of a file Detect may see. Jepsen's logs start with pages
// of setup.
const sniffed = 1 << 20

var (
	looksJSONL = regexp.MustCompile(`^\s*\{\s*"`)
	looksEDN   = regexp.MustCompile(`^(?:\s|,|;[^\n]*\n)*[\[(]?(?:\s|,|;[^\n]*\n)*(?:#[\w.]+\s*)?\{\s*:`)
)

// Detect names the format of a file that starts with head.
func Detect(head []byte) (Format, error) {
	switch {
	case looksJSONL.Match(head):
		return FormatJSONL, nil
	case looksEDN.Match(head):
		return FormatEDN, nil
	case bytes.Contains(head, []byte("jepsen.util")):
		return FormatJepsenLog, nil
	default:
		return "", ErrUnknownFormat
	}
}

// Read detects the format of r and reads all of it.
func Read(r io.Reader) ([]Event, Format, error) {
	in := bufio.NewReaderSize(r, sniffed)
	format, err := detect(in)
	if err != nil {
		return nil, "", err
	}
	events, err := readAs(in, format)
	return events, format, err
}

// ReadOperations reads a history and pairs it, as Read and Pair do; format may
// be empty, to be detected. JSON lines are paired as they are read, which halves
// the memory that a long history takes.
func ReadOperations(r io.Reader, format Format) ([]Operation, error) {
	in := bufio.NewReaderSize(r, sniffed)
	if format == "" {
		var err error
		if format, err = detect(in); err != nil {
			return nil, err
		}
	}
	if format != FormatJSONL {
		events, err := readAs(in, format)
		if err != nil {
			return nil, err
		}
		return Pair(events)
	}
	p := newPairing()
	if err := eachLine(in, p.add); err != nil {
		return nil, err
	}
	return p.byCall(), nil
}

// detect names the format of what in is about to read.
func detect(in *bufio.Reader) (Format, error) {
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read history: %w", err)
	}
	if len(bytes.TrimSpace(head)) == 0 && len(head) < sniffed {
		return "", ErrEmpty
	}
	return Detect(head)
}

func readAs(r io.Reader, format Format) ([]Event, error) {
	switch format {
	case FormatJSONL:
		return ReadJSONL(r)
	case FormatEDN:
		return ReadEDN(r)
	case FormatJepsenLog:
		return ReadJepsenLog(r)
	default:
		return nil, fmt.Errorf("%w: format %q", ErrUnknownFormat, format)
	}
}

// ReadFile is Read of a file; its errors name the file.
func ReadFile(path string) ([]Event, Format, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("open history: %w", err)
	}
	defer f.Close()
	events, format, err := Read(f)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return events, format, nil
}
