package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"raftkv/harness/workload"
	"raftkv/history/check"
)

const description = `Breaks clusters and judges what their clients saw.

Exit codes: 0 PASS; 1 VIOLATION; 2 INCONCLUSIVE; 3 HARNESS ERROR, or a wrong flag. A violation outranks the rest.`

// grammar is the whole command line.
type grammar struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
	List    listCmd          `cmd:"" help:"List scenarios, profiles and faults."`
	Run     runCmd           `cmd:"" help:"Run scenarios, or a schedule that a seed draws, and give a verdict."`
	Replay  replayCmd        `cmd:"" help:"Run a run's schedule again: the same targets, times and parameters."`
	Shrink  shrinkCmd        `cmd:"" help:"Find the fewest faults and the shortest times with which a run still fails."`
	Soak    soakCmd          `cmd:"" help:"Run drawn schedules, seed after seed, and keep what does not pass."`
	Check   checkCmd         `cmd:"" help:"Judge a saved history: JSON lines, Jepsen's EDN, or a jepsen.log."`
	Report  reportCmd        `cmd:"" help:"Render the report of a run's folder again, or one page over many runs."`
}

// terminal is where a command prints, and the verdict it comes to.
type terminal struct {
	out    io.Writer
	result check.Result
}

func main() { os.Exit(chaos(os.Args[1:], os.Stdout, os.Stderr)) }

// chaos is main without the process: it returns the exit code. An interrupt ends
// a run early but in order; a second one ends the program. A reader that goes
// away (chaos run | head) must not leave a cluster behind, so SIGPIPE is ignored.
func chaos(args []string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE)
	code := -1
	parser := kong.Must(&grammar{},
		kong.Name("chaos"), kong.Vars{"version": version(), "duration": defaultDuration.String(), "workloads": strings.Join(workload.Names(), ",")}, kong.Description(description), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }))
	kctx, err := parser.Parse(args)
	if code >= 0 { // --help has been printed
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "chaos: %v; see %s --help\n", err, meant(err))
		return check.HarnessError.ExitCode()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	t := &terminal{out: stdout, result: check.Pass}
	kctx.BindTo(ctx, (*context.Context)(nil))
	if err := kctx.Run(t); err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return worse(t.result, check.HarnessError).ExitCode()
	}
	return t.result.ExitCode()
}

// meant is the command whose line could not be read.
func meant(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok {
		if n := e.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return "chaos"
}

// worse is the graver of two results: a violation outranks a broken harness,
// which outranks an open question.
func worse(a, b check.Result) check.Result {
	for _, r := range []check.Result{check.Violated, check.HarnessError, check.Inconclusive} {
		if a == r || b == r {
			return r
		}
	}
	return check.Pass
}
