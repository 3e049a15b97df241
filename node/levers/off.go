//go:build !raftkv_faults

package levers

import (
	"net/http"
	"time"

	"raftkv/raft"
)

// Now is the time.
func Now() time.Time { return time.Now() }

// Local gives a deadline of the machine's clock on the node's, here the same.
func Local(deadline time.Time) time.Time { return deadline }

// NewTicker ticks once in each d.
func NewTicker(d time.Duration) *time.Ticker { return time.NewTicker(d) }

// Messages gives what is to be sent: all of it.
func Messages(ms []raft.Message) []raft.Message { return ms }

// Register adds nothing to the admin port.
func Register(*http.ServeMux) {}
