package fault

import (
	"context"
	"fmt"
	"time"
)

// pollEvery spaces the looks of poll.
const pollEvery = 20 * time.Millisecond

// poll looks until met or until ctx ends; format and id word the error.
func poll(ctx context.Context, format string, id int, met func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			return fmt.Errorf(format+": %w", id, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}
