package packets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// tableName and trialName are our tables; no other is ever touched.
const (
	tableName = "raftkv_loss"
	trialName = "raftkv_trial"
)

// Lose has percent, from 1 to 99, of the traffic's packets dropped, on the way in
// and on the way out, each drawn for itself, in place of what was lost before. It
// reads the rules back.
func (n Namespace) Lose(t Traffic, percent int) error {
	if err := checkPercent(percent); err != nil {
		return err
	}
	err := n.enter(func(c *nftables.Conn) error {
		table := ours(tableName)
		c.AddTable(table) // so that there is one to delete
		c.DelTable(table)
		c.AddTable(table)
		for _, way := range ways() {
			chain := c.AddChain(way.chain(table))
			for _, r := range way.rules(t, percent) {
				c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: r})
			}
		}
		return c.Flush()
	})
	if err != nil {
		return fmt.Errorf("make rules that drop packets: %w", err)
	}
	_, err = n.Tally(t, percent)
	return err
}

// Tally reads the rules back and gives their counts. An error is that they are not
// those which Lose makes of these arguments.
func (n Namespace) Tally(t Traffic, percent int) (tally Tally, err error) {
	err = n.enter(func(c *nftables.Conn) error {
		tally, err = read(c, func(w way, got []*nftables.Rule) error { return same(got, w.rules(t, percent)) })
		return err
	})
	return tally, err
}

// Pass takes our table away, with all its rules, and looks that it is gone. It gives
// what they had counted until shortly before. If there is none it does nothing.
func (n Namespace) Pass() (tally Tally, err error) {
	err = n.enter(func(c *nftables.Conn) error {
		if there, err := has(c, tableName); err != nil || !there {
			return err
		}
		if tally, err = read(c, func(way, []*nftables.Rule) error { return nil }); err != nil {
			return err
		}
		c.DelTable(ours(tableName))
		if err := c.Flush(); err != nil {
			return fmt.Errorf("delete table %s: %w", tableName, err)
		}
		there, err := has(c, tableName)
		if err == nil && there {
			err = fmt.Errorf("table %s is still there", tableName)
		}
		return err
	})
	return tally, err
}

// read gives the counts of the rules, each way's being checked first.
func read(c *nftables.Conn, check func(way, []*nftables.Rule) error) (Tally, error) {
	var drawn [2]Drawn
	for i, w := range ways() {
		table := ours(tableName)
		got, err := c.GetRules(table, w.chain(table))
		if err != nil {
			return Tally{}, fmt.Errorf("read the rules of the way %s back: %w", w.name, err)
		}
		drawn[i] = counted(got)
		if err := check(w, got); err != nil {
			return Tally{}, fmt.Errorf("read the rules of the way %s back: %w", w.name, err)
		}
	}
	return Tally{In: drawn[0], Out: drawn[1]}, nil
}

// Works tries whether the kernel takes such rules in the namespace, and leaves none:
// they are made and deleted at one stroke, in a chain that no packet goes through.
func (n Namespace) Works() error {
	err := n.enter(func(c *nftables.Conn) error {
		table := c.AddTable(ours(trialName))
		chain := c.AddChain(&nftables.Chain{Name: "trial", Table: table})
		for _, r := range ways()[0].rules(Traffic{}, 1) {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: r})
		}
		c.DelTable(table)
		return c.Flush()
	})
	if err == nil {
		return nil
	}
	if slices.ContainsFunc(unable, func(e error) bool { return errors.Is(err, e) }) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("try a rule that drops packets: %w", err)
}

// unable are the errors of a process without the rights, and of a kernel without what
// it takes. Any other is a bug of ours.
var unable = []error{fs.ErrPermission, fs.ErrNotExist, unix.EOPNOTSUPP, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT}

// ours is a table of IPv4 by name.
func ours(name string) *nftables.Table {
	return &nftables.Table{Name: name, Family: nftables.TableFamilyIPv4}
}

// has tells whether there is a table of ours of that name.
func has(c *nftables.Conn, name string) (bool, error) {
	all, err := c.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return false, fmt.Errorf("list the tables: %w", err)
	}
	return slices.ContainsFunc(all, func(t *nftables.Table) bool { return t.Name == name }), nil
}

// enter opens the namespace, makes sure that it is the one meant, and does something
// in it.
func (n Namespace) enter(do func(*nftables.Conn) error) error {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", n.PID))
	if err != nil {
		return fmt.Errorf("open the network namespace of process %d: %w", n.PID, err)
	}
	defer f.Close()
	if err := n.check(); err != nil {
		return err
	}
	c, err := nftables.New(nftables.WithNetNSFd(int(f.Fd())))
	if err != nil {
		return fmt.Errorf("enter the network namespace of process %d: %w", n.PID, err)
	}
	return do(c)
}

// check looks for the address among those of the namespace.
func (n Namespace) check() error {
	routes, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/fib_trie", n.PID))
	if err != nil {
		return fmt.Errorf("read the addresses of process %d: %w", n.PID, err)
	}
	leaf := "|-- " + n.Has.String()
	for line := range strings.Lines(string(routes)) {
		if strings.TrimSpace(line) == leaf {
			return nil
		}
	}
	return fmt.Errorf("%w: process %d is another one here: its network does not have %s", ErrUnavailable, n.PID, n.Has)
}
