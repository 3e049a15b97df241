package check

import (
	"fmt"
	"time"
)

// seconds writes an instant as a reader of a report looks for it: in seconds,
// with a tenth of a millisecond, unless it is so early that all would look alike.
func seconds(ns int64) string {
	switch d := time.Duration(ns); {
	case d == 0:
		return "0 s"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", ns)
	case d < 100*time.Microsecond:
		return fmt.Sprintf("%.4g µs", float64(ns)/1e3)
	default:
		return fmt.Sprintf("%.4f s", d.Seconds())
	}
}

// plural counts things.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
