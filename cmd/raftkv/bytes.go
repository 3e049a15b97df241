package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"raftkv/client"
	"raftkv/client/api"
)

// verbatim are the flags whose value is whatever comes next, a dash and nothing
// at all included.
var verbatim = []string{"--key", "--value", "--expect", "--prefix", "--after"}

// joined ties each verbatim flag to the argument behind it, which would be taken
// for another flag if it began with a dash.
func joined(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(out, args[i:]...)
		case slices.Contains(verbatim, args[i]) && i+1 < len(args):
			out = append(out, args[i]+"="+args[i+1])
			i++
		default:
			out = append(out, args[i])
		}
	}
	return out
}

// keyFlags name one key.
type keyFlags struct {
	Key     *string `xor:"key" required:"" help:"The key."`
	KeyFile string  `xor:"key" required:"" placeholder:"FILE" help:"Take the key from this file, byte for byte; -: from standard input."`
}

// valueFlags give a new value.
type valueFlags struct {
	Value     *string `xor:"value" required:"" help:"Its new value."`
	ValueFile string  `xor:"value" required:"" placeholder:"FILE" help:"Take the value from this file, byte for byte; -: from standard input."`
}

func (f keyFlags) key(out *printer) (string, error) {
	b, err := out.bytes(f.Key, f.KeyFile)
	return string(b), err
}

func (f valueFlags) value(out *printer) ([]byte, error) { return out.bytes(f.Value, f.ValueFile) }

// oneStdin refuses a second flag that would read standard input: the first leaves
// nothing of it.
func oneStdin(files ...string) error {
	if first := slices.Index(files, "-"); first >= 0 && slices.Contains(files[first+1:], "-") {
		return errors.New("only one flag can take standard input (-)")
	}
	return nil
}

// bytes gives what a flag holds, or else all that is in the file.
func (p *printer) bytes(given *string, file string) ([]byte, error) {
	if given != nil {
		return []byte(*given), nil
	}
	in := p.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, api.MaxMessageBytes+1))
	if err == nil && len(b) > api.MaxMessageBytes {
		err = fmt.Errorf("%s: %w: a message holds %d bytes at most", file, client.ErrTooLarge, api.MaxMessageBytes)
	}
	return b, err
}

// jsonKey is a key in JSON: as it is if it is text, in base64 if not.
type jsonKey struct {
	Key    *string `json:"key,omitempty"`
	Base64 string  `json:"key_base64,omitempty"`
}

// jsonValue is the same of a value.
type jsonValue struct {
	Value  *string `json:"value,omitempty"`
	Base64 string  `json:"value_base64,omitempty"`
}

func newJSONKey(k string) jsonKey {
	text, b64 := textOrBase64(k)
	return jsonKey{text, b64}
}

func newJSONValue(v []byte) jsonValue {
	text, b64 := textOrBase64(string(v))
	return jsonValue{text, b64}
}

func textOrBase64(s string) (text *string, b64 string) {
	if !utf8.ValidString(s) {
		return nil, base64.StdEncoding.EncodeToString([]byte(s))
	}
	return &s, ""
}

// printable keeps a pair on its line: what is not plain text, or might be taken
// for a quoted one, is quoted.
func printable(s string) string {
	for i, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) || (i == 0 && r == '"') {
			return strconv.Quote(s)
		}
	}
	return s
}

// nullEnded ends a key with a NUL byte, as xargs -0 reads them. One that holds
// such a byte would become two.
func nullEnded(key string) (string, error) {
	if strings.ContainsRune(key, 0) {
		return "", fmt.Errorf("list --null: the key %.64q holds a NUL byte itself; use --json", key)
	}
	return key + "\x00", nil
}
