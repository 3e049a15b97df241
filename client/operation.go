package client

import (
	"fmt"
	"strconv"

	"raftkv/client/api"
)

// operation names a call in errors, which is why it is put into words only
// when there is one. size is that of its keys and values, in bytes.
type operation struct {
	name, key string
	size      int
}

func (o operation) String() string {
	if o.key == "" {
		return o.name
	}
	return fmt.Sprintf("%s %s", o.name, shortKey(o.key))
}

// shownKey is how much of a long key an error shows, in bytes.
const shownKey = 64

func shortKey(key string) string {
	if len(key) <= shownKey {
		return strconv.Quote(key)
	}
	return fmt.Sprintf("%q... (%d bytes)", key[:shownKey], len(key))
}

// check refuses what no message can carry: sending it would break the stream,
// and with it the calls of others.
func (o operation) check() error {
	if o.size <= api.MaxRequestBytes {
		return nil
	}
	return notDone(o.name, fmt.Errorf("%w: %d bytes, the most is %d", ErrTooLarge, o.size, api.MaxRequestBytes))
}
