package check

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// WriteJUnit writes the verdict as JUnit XML: one suite, one case for the
// history, one for each floor. A violation is a failure, a harness error an
// error; what is inconclusive is a failure too, since a skipped case looks green.
func (v Verdict) WriteJUnit(w io.Writer, suite string, took time.Duration) error {
	s := junit.Testsuite{Name: suite, Time: fmt.Sprintf("%.3f", took.Seconds())}
	s.AddProperty("result", string(v.Result))
	s.AddTestcase(v.testcase(suite, took))
	for _, f := range v.Floors {
		s.AddTestcase(f.testcase(suite))
	}
	all := junit.Testsuites{Name: suite}
	all.AddSuite(s)
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	return nil
}

func (v Verdict) testcase(suite string, took time.Duration) junit.Testcase {
	c := junit.Testcase{Name: "history", Classname: suite, Time: fmt.Sprintf("%.3f", took.Seconds())}
	result := &junit.Result{Message: plain(v.Summary), Type: string(v.Result), Data: plain(v.text())}
	switch v.Result {
	case Pass:
	case HarnessError:
		c.Error = result
	default:
		c.Failure = result
	}
	return c
}

func (f FloorCount) testcase(suite string) junit.Testcase {
	c := junit.Testcase{Name: "floor: " + plain(f.String()), Classname: suite, Time: "0"}
	if !f.Met() {
		c.Failure = &junit.Result{Message: plain(f.short()), Type: string(Inconclusive)}
	}
	return c
}

// plain drops what XML 1.0 cannot carry: control characters, and bytes that are
// not UTF-8. It also breaks the end mark of a CDATA section.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.ReplaceAll(s, "]]>", "]] >")
}
