package main

import (
	"fmt"
	"strconv"
	"strings"
)

// flags are what the harness tells a node.
type flags struct {
	id                                   int
	data, client, peer, admin, advertise string
	peers                                map[int]string // as this node dials them: through its own links
	snapshotEntries, trailingEntries     uint64
}

// parse takes "serve --name=value …". A flag that it does not know is an error:
// a scenario that sets it would not test what it says.
func parse(args []string) (flags, error) {
	f := flags{peers: map[int]string{}, snapshotEntries: 10_000, trailingEntries: 5_000}
	if len(args) == 0 || args[0] != "serve" {
		return f, fmt.Errorf("the harness starts it: serve --id=N --data-dir=DIR --peers=1=HOST:PORT,… and so on")
	}
	for _, a := range args[1:] {
		name, value, ok := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		if !ok {
			return f, fmt.Errorf("%q is not --name=value", a)
		}
		if err := f.set(name, value); err != nil {
			return f, fmt.Errorf("--%s: %w", name, err)
		}
	}
	return f, nil
}

func (f *flags) set(name, value string) (err error) {
	texts := map[string]*string{
		"data-dir": &f.data, "listen-client": &f.client, "listen-peer": &f.peer,
		"listen-admin": &f.admin, "advertise-client": &f.advertise,
	}
	if t := texts[name]; t != nil {
		*t = value
		return nil
	}
	switch name {
	case "id":
		f.id, err = strconv.Atoi(value)
	case "peers":
		err = f.setPeers(value)
	case "snapshot-entries":
		f.snapshotEntries, err = strconv.ParseUint(value, 10, 64)
	case "trailing-entries":
		f.trailingEntries, err = strconv.ParseUint(value, 10, 64)
	default:
		err = fmt.Errorf("etcdnode has no such flag")
	}
	return err
}

func (f *flags) setPeers(list string) error {
	for _, p := range strings.Split(list, ",") {
		id, address, _ := strings.Cut(p, "=")
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("%q is not ID=HOST:PORT", p)
		}
		f.peers[n] = address
	}
	return nil
}
