package live

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var shots = flag.String("shots", "", "a folder for screenshots of the page, to be looked at")

// patience is how long a browser may take on a machine that is busy.
const patience = time.Minute

// browser opens the page in a headless Chromium, or skips the test for want of
// one.
func browser(t *testing.T, url string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: install Debian's package to test the page in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(900, 1000))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	_, err = chromedp.Run(ctx, chromedp.Navigate(url))
	require.NoError(t, err)
	return ctx
}

// shoot keeps a picture of the page if one is wanted.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644))
}

// read waits until the page says want in the element, and fails with what it
// says instead.
func read(t *testing.T, ctx context.Context, element, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.querySelector('"+element+"').textContent"))
		return err == nil && got == want
	}, patience, 20*time.Millisecond, "%s", element)
}

func count(t *testing.T, ctx context.Context, selector string) int {
	t.Helper()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int]("document.querySelectorAll('"+selector+"').length"))
	require.NoError(t, err)
	return n
}

// five is a cluster whose first node leads.
func five() []Node {
	var all []Node
	for id := 1; id <= 5; id++ {
		all = append(all, Node{ID: id, Answers: true, Voter: true, Role: "follower", Term: 2, Commit: 40, Applied: 40})
	}
	all[0].Role = "leader"
	return all
}

func TestPageShowsTheRunAsItGoes(t *testing.T) {
	s, err := Listen(0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	ctx := browser(t, s.URL())
	read(t, ctx, "#title", "waiting for the run…")

	v := View{Scenario: "one-way-cut-of-leader", Place: "1/2", Phase: "before", Elapsed: time.Second, Total: 10 * time.Second, Ok: 100, Next: "cut the leader one way", Nodes: five()}
	require.NoError(t, s.Show(v))
	read(t, ctx, "#title", "one-way-cut-of-leader (1/2)")
	read(t, ctx, "#leader", "n1, term 2")
	read(t, ctx, "#next", "cut the leader one way")
	require.Zero(t, count(t, ctx, "line.cut"))
	require.Equal(t, 1, count(t, ctx, "circle.ring"), "one leader")
	shoot(t, ctx, "before")

	v.Phase, v.Elapsed, v.Ok, v.Fault, v.Next = "during", 2*time.Second, 300, "cut n1 to all peers (hold)", ""
	for to := 2; to <= 5; to++ {
		v.Links = append(v.Links, Link{From: 1, To: to, State: "hold"})
	}
	v.Links = append(v.Links, Link{From: 0, To: 3, State: "latency 50ms±5ms"})
	v.Nodes[0].Answers, v.Nodes[1].Role, v.Nodes[1].Term = false, "leader", 3
	require.NoError(t, s.Show(v))
	read(t, ctx, "#fault", "cut n1 to all peers (hold)")
	read(t, ctx, "#rate", "200")
	read(t, ctx, "#leader", "n2, term 3")
	require.Equal(t, 4, count(t, ctx, "line.cut"))
	require.Equal(t, 1, count(t, ctx, "line.shaped"))
	require.Equal(t, 1, count(t, ctx, "circle.silent"))
	shoot(t, ctx, "during")

	v.Verdict, v.Fault, v.Links = "PASS", "", nil
	require.NoError(t, s.Show(v))
	read(t, ctx, "#title", "PASS · one-way-cut-of-leader (1/2)")
	read(t, ctx, "#fault", "none")
	require.Zero(t, count(t, ctx, "line.cut"))
}
