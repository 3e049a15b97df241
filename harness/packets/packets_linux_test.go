package packets_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"raftkv/harness/packets"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

const (
	served  = 8001
	dialled = 20102
	other   = 9001
)

var traffic = packets.Traffic{Served: served, Dialled: [2]uint16{20101, 20109}}

// aside runs the rest of the test in a network namespace of its own, with a
// loopback interface that works, and gives it. The thread ends with the test.
func aside(t *testing.T) packets.Namespace {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: nobody else may get this thread
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("a network namespace of its own: ", err)
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	lo.SetUint16(unix.IFF_UP)
	require.NoError(t, unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo))
	n := packets.Namespace{PID: unix.Gettid(), Has: loopback}
	err = n.Works()
	if errors.Is(err, packets.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return n
}

// echo serves the port and gives a connection to it.
func echo(t *testing.T, port int) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// rounds sends a byte to and fro and says how often that took as long as a
// packet that is sent again.
func rounds(t *testing.T, c net.Conn, n int) (slow int) {
	t.Helper()
	for range n {
		begun := time.Now()
		_, err := c.Write([]byte{1})
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 1))
		require.NoError(t, err)
		if time.Since(begun) > 150*time.Millisecond {
			slow++
		}
	}
	return slow
}

func TestPacketsOfTheTrafficAreLostAndOthersAreNot(t *testing.T) {
	n := aside(t)
	toServed, toDialled, toOther := echo(t, served), echo(t, dialled), echo(t, other)
	require.NoError(t, n.Lose(traffic, 30))

	assert.Less(t, rounds(t, toOther, 100), 20, "a busy machine is slow now and then")
	none, err := n.Tally(traffic, 30)
	require.NoError(t, err)
	assert.Zero(t, none, "nothing of the traffic has passed yet")

	slow := rounds(t, toServed, 12) + rounds(t, toDialled, 12)
	tally, err := n.Tally(traffic, 30)
	require.NoError(t, err)
	t.Logf("%d of 24 round trips were slow; %s", slow, tally)
	assert.Greater(t, slow, 2, "of one packet in two each, a byte or its answer is lost")
	for _, d := range []packets.Drawn{tally.In, tally.Out} {
		assert.Positive(t, d.Dropped)
		assert.Less(t, d.Dropped, d.Packets)
	}

	last, err := n.Pass()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, last.Out.Dropped, tally.Out.Dropped, "the last count is told")
	assert.Less(t, rounds(t, toServed, 100)+rounds(t, toDialled, 100), 20)
}

func TestAboutThePercentageIsLost(t *testing.T) {
	n := aside(t)
	c := echo(t, served)
	require.NoError(t, n.Lose(traffic, 2))
	go func() { _, _ = io.Copy(io.Discard, c) }()
	var got packets.Tally
	for got.In.Packets < 2000 || got.Out.Packets < 2000 {
		_, err := c.Write(make([]byte, 100))
		require.NoError(t, err)
		got, err = n.Tally(traffic, 2)
		require.NoError(t, err)
	}
	t.Log(got)
	for _, d := range []packets.Drawn{got.In, got.Out} {
		assert.InDelta(t, 0.02, float64(d.Dropped)/float64(d.Packets), 0.0175, "two in a hundred, give or take five standard deviations")
	}
}

func TestALostConnectionIsStillOpenedAtOnce(t *testing.T) {
	n := aside(t)
	require.NoError(t, n.Lose(traffic, 99))
	for i := range 5 {
		begun := time.Now()
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", served))
		require.NoError(t, err)
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		assert.Less(t, time.Since(begun), time.Second, "dial %d: a SYN that is lost is sent again after a second", i)
		linger := c.(*net.TCPConn).SetLinger(0) // the port is free again at once
		require.NoError(t, linger)
		require.NoError(t, c.Close())
		require.NoError(t, l.Close())
	}
}

func TestOnlyOurTableGoesAndItMayGoTwice(t *testing.T) {
	n := aside(t)
	list := func() string {
		out, err := exec.Command("nft", "list", "tables").CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip(err)
	}
	require.NoError(t, exec.Command("nft", "add", "table", "ip", "theirs").Run())
	assert.Equal(t, "table ip theirs", list(), "what was tried is gone")
	pass := func() {
		_, err := n.Pass()
		require.NoError(t, err)
	}
	pass() // there is nothing to take away
	require.NoError(t, n.Lose(traffic, 10))
	require.NoError(t, n.Lose(traffic, 20), "in place of what was lost before")
	assert.Equal(t, "table ip theirs\ntable ip raftkv_loss", list())
	_, err := n.Tally(traffic, 10)
	require.ErrorContains(t, err, "not the one that was made")
	pass()
	pass()
	assert.Equal(t, "table ip theirs", list())
	_, err = n.Tally(traffic, 20)
	require.Error(t, err, "there are no rules to read")
}

func TestAnotherNamespaceIsNotTouched(t *testing.T) {
	n := aside(t)
	wrong := n
	wrong.Has = netip.AddrFrom4([4]byte{198, 18, 0, 3})
	_, pass := wrong.Pass()
	for _, err := range []error{wrong.Works(), wrong.Lose(traffic, 10), pass} {
		require.ErrorContains(t, err, "does not have 198.18.0.3")
	}
	require.ErrorContains(t, n.Lose(traffic, 100), "not 100")
	require.ErrorContains(t, n.Lose(traffic, 0), "not 0")
}
