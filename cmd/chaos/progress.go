package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"raftkv/harness/run"
	"raftkv/scenarios"
)

// progress shows how far a run is: a bar on a terminal, lines elsewhere.
type progress interface {
	update(scenarios.Update)
	done()
}

func newProgress(w io.Writer, title string) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(w, title, func() int { return columns(f) })
	}
	return &lines{w: w, title: title}
}

// lines prints what there is to say, and each phase.
type lines struct {
	w     io.Writer
	title string
	phase scenarios.Phase
}

func (l *lines) update(u scenarios.Update) {
	text := u.Text
	if u.Phase != l.phase {
		l.phase = u.Phase
		text = fmt.Sprintf("%s (%s)", u.Phase, counts(u))
	}
	if text != "" {
		fmt.Fprintf(l.w, "  [%s] %6s %s\n", l.title, run.Took(u.Elapsed.Round(10*time.Millisecond)), text)
	}
}

func (l *lines) done() {}

func counts(u scenarios.Update) string {
	return fmt.Sprintf("%d ok, %d failed, %d unknown", u.Counts.Ok, u.Counts.Failed, u.Counts.Unknown)
}
