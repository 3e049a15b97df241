package cluster

import "fmt"

// EmptyLog stands in an error for the last line of a node that wrote none.
const EmptyLog = "it wrote nothing; is it a raftkv program?"

// FirstOf gives the first error of what was done to several nodes at once, and
// how many more failed: they mostly fail alike, and one cause is enough to read.
// nil if none failed.
func FirstOf(errs []error) error {
	var first error
	more := 0
	for _, err := range errs {
		switch {
		case err == nil:
		case first == nil:
			first = err
		default:
			more++
		}
	}
	if more == 0 {
		return first
	}
	return fmt.Errorf("%w (and %d more nodes)", first, more)
}
