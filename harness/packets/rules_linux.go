package packets

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Where the two ports and the flags are in a TCP header, and the flag of packets
// that open a connection.
const (
	sourceOffset      = 0
	destinationOffset = 2
	flagsOffset       = 13
	flagSYN           = 0x02
	flagRST           = 0x04
)

// way is one of the two ways of packets: into the namespace and out of it.
type way struct {
	name string
	hook *nftables.ChainHook
	// here and there are where the namespace's port and the other side's are.
	here, there uint32
}

// ways are both, in first.
func ways() []way {
	return []way{
		{"in", nftables.ChainHookInput, destinationOffset, sourceOffset},
		{"out", nftables.ChainHookOutput, sourceOffset, destinationOffset},
	}
}

// chain sees all packets of the way.
func (w way) chain(t *nftables.Table) *nftables.Chain {
	return &nftables.Chain{
		Name: w.name, Table: t, Hooknum: w.hook, Type: nftables.ChainTypeFilter, Priority: nftables.ChainPriorityFilter,
	}
}

// rules are what befalls the traffic on the way: of the served port's packets those
// that open no connection, and all of the dialled ports'.
func (w way) rules(t Traffic, percent int) [][]expr.Any {
	return [][]expr.Any{
		join(ports(w.here, t.Served, t.Served), opensNone(), drop(percent)),
		join(ports(w.there, t.Dialled[0], t.Dialled[1]), drop(percent)),
	}
}

func join(parts ...[]expr.Any) (all []expr.Any) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// ports lets through TCP packets whose port at the offset is from the first to the
// last.
func ports(offset uint32, first, last uint16) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
		&expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: binaryutil.BigEndian.PutUint16(first)},
		&expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: binaryutil.BigEndian.PutUint16(last)},
	}
}

// opensNone lets through packets that neither open a connection nor refuse one.
func opensNone() []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: flagsOffset, Len: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{flagSYN | flagRST}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0}},
	}
}

// drop counts a packet, draws a number below a hundred, and if that is below the
// percentage counts it again and drops it. A comparison is one of bytes, the most
// significant first, which the number has to be turned into.
func drop(percent int) []expr.Any {
	return []expr.Any{
		&expr.Counter{},
		&expr.Numgen{Register: 1, Modulus: 100, Type: unix.NFT_NG_RANDOM},
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(uint32(percent))},
		&expr.Counter{},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}
}

// counted adds up what the rules have counted: each has two counters.
func counted(rules []*nftables.Rule) (sum Drawn) {
	for _, r := range rules {
		packets := &sum.Packets
		for _, e := range r.Exprs {
			if c, ok := e.(*expr.Counter); ok {
				*packets += c.Packets
				packets = &sum.Dropped
			}
		}
	}
	return sum
}

// same says, as an error, that the rules that were read are not those that were made.
func same(got []*nftables.Rule, want [][]expr.Any) error {
	if len(got) != len(want) {
		return fmt.Errorf("there are %d rules, not %d", len(got), len(want))
	}
	for i, r := range got {
		if !reflect.DeepEqual(plain(r.Exprs), plain(want[i])) {
			return errors.New("a rule is not the one that was made")
		}
	}
	return nil
}

// plain is the rule without what it has counted, and without the one part that
// the library does not read back.
func plain(rule []expr.Any) (out []expr.Any) {
	for _, e := range rule {
		switch e.(type) {
		case *expr.Byteorder:
		case *expr.Counter:
			out = append(out, &expr.Counter{})
		default:
			out = append(out, e)
		}
	}
	return out
}
