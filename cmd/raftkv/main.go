package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

const description = `A replicated key-value store.

Exit codes: 0 done; 1 definitely not done, a wrong flag, or a status without a leader; 3 a write whose outcome is unknown; 4 get found no such key.`

// grammar is the whole command line.
type grammar struct {
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Serve    serveCmd    `cmd:"" help:"Run one node."`
	Put      putCmd      `cmd:"" help:"Set a key."`
	Get      getCmd      `cmd:"" help:"Print a key's value."`
	Delete   deleteCmd   `cmd:"" help:"Remove a key."`
	CAS      casCmd      `cmd:"" name:"cas" help:"Set a key if it holds what is expected."`
	List     listCmd     `cmd:"" help:"List keys by prefix."`
	Status   statusCmd   `cmd:"" help:"Show every node's state; exit with 1 if none knows a leader."`
	Member   memberCmd   `cmd:"" help:"Show and change who is a member."`
	Transfer transferCmd `cmd:"" help:"Hand leadership over."`
	Bench    benchCmd    `cmd:"" help:"Measure throughput and latency."`
	Snapshot snapshotCmd `cmd:"" help:"Inspect, save and restore snapshots, with the node stopped."`
	Log      logCmd      `cmd:"" help:"Inspect a stopped node's log."`
	Backup   backupCmd   `cmd:"" help:"Save the state of a running cluster to one file."`
	Health   healthCmd   `cmd:"" help:"Exit with 0 if a node is ready, or with --live if it lives."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	code := -1
	parser := kong.Must(&grammar{},
		kong.Name("raftkv"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }),
		kong.Vars{"version": versionLine()})
	kctx, err := parser.Parse(joined(args))
	if code >= 0 { // --help has been printed
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "raftkv: %v; see %s --help\n", err, meant(err))
		return exitNotDone
	}
	return report(stderr, execute(kctx, stdout))
}

// meant is the command whose line could not be read.
func meant(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok {
		if n := e.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return "raftkv"
}

// execute runs the chosen command. An interrupt ends a client's command as its
// deadline would, so that it still tells what became of a write.
func execute(kctx *kong.Context, stdout io.Writer) error {
	if kctx.Command() == "serve" { // which sees to signals itself
		return kctx.Run()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a write to a closed pipe fails instead; see pipe
	kctx.BindTo(ctx, (*context.Context)(nil))
	return kctx.Run(&printer{w: &pipe{w: stdout}, in: os.Stdin})
}
