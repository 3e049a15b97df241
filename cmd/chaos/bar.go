package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"raftkv/scenarios"
)

const (
	// defaultColumns is a terminal's width when it does not say.
	defaultColumns = 80
	// barWidth is the bar's; around it are a percentage, frames, spaces, and the
	// last column, after which some terminals begin a new line.
	barWidth, aroundBar = 10, 12
	// leastText is what a description is not cut below.
	leastText = 8
)

// columns is how wide the terminal is now.
func columns(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return defaultColumns
}

// bar is a progress bar over the forecast time. It stays on one line: a line
// that wraps could not be drawn over, and each tick would leave one behind.
type bar struct {
	title string
	width func() int
	b     *progressbar.ProgressBar
	rate  rate
}

func newBar(w io.Writer, title string, width func() int) *bar {
	return &bar{title: title, width: width, b: progressbar.NewOptions64(1,
		progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowDescriptionAtLineEnd())}
}

// update moves the bar. A run that takes longer than forecast stays just below
// its end. Errors of a bar are about drawing and change nothing.
func (b *bar) update(u scenarios.Update) {
	total := max(int64(u.Total/time.Millisecond), 1)
	b.b.ChangeMax64(total)
	b.b.Describe(describe(b.title, u, b.rate.of(u), b.width()-barWidth-aroundBar))
	_ = b.b.Set64(min(int64(u.Elapsed/time.Millisecond), total-1))
}

func (b *bar) done() { _ = b.b.Finish() }

// describe words an update within so many columns: what failed is left out first,
// then the fault's name gives way to the phase's, then the rate, the time that is
// left, and the phase go, and then the title is cut.
func describe(title string, u scenarios.Update, rate string, room int) string {
	what := u.Fault
	if what == "" {
		what = string(u.Phase)
	}
	left := fmt.Sprintf("%s left", max(u.Total-u.Elapsed, 0).Round(time.Second))
	for _, parts := range [][]string{
		{title, what, rate, left, counts(u)},
		{title, what, rate, left},
		{title, string(u.Phase), rate, left},
		{title, string(u.Phase), left},
		{title, string(u.Phase)},
		{title},
	} {
		text := strings.Join(parts, " · ")
		if utf8.RuneCountInString(text) <= room {
			return text
		}
	}
	return string([]rune(title)[:min(max(room-1, leastText), utf8.RuneCountInString(title))]) + "…"
}

// rate is how many operations a second succeeded of late.
type rate struct {
	at   time.Duration
	ok   int
	said string
}

// rateOver is the least time that a rate is taken over.
const rateOver = time.Second

// of words the rate at an update.
func (r *rate) of(u scenarios.Update) string {
	if gone := u.Elapsed - r.at; gone >= rateOver {
		r.said = fmt.Sprintf("%.0f ok/s", float64(u.Counts.Ok-r.ok)/gone.Seconds())
		r.at, r.ok = u.Elapsed, u.Counts.Ok
	}
	if r.said == "" {
		return "– ok/s"
	}
	return r.said
}
