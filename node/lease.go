package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"raftkv/raft"
)

// The engine has the argument for lease reads (raft/lease.go). What it asks of
// this package: a clock that goes on while the process or the machine stands
// still (leaseclock_linux.go), read after all that a turn took in; ticks that
// are never caught up on, which a Go ticker gives; and silence after the start
// for as long as an earlier life of the node may have promised.

// promiseFile in a data folder says for how long this node may have promised to
// vote for nobody. It is there before the first promise, so that a life with
// other settings, or without leases, keeps the promises of the one before.
const promiseFile = "promise"

// leases gives the engine its settings, and makes the promise's file hold at
// least what this life may promise.
func leases(c *Config, f *raft.Config) error {
	promised, err := readPromise(c.DataDir)
	if err != nil {
		return err
	}
	if c.LeaseReads {
		f.LeaseReads, f.TickTime, f.MaxClockDrift = true, uint64(tick), c.MaxClockDrift
		if c.ElectionTimeout > promised {
			promised = c.ElectionTimeout
			if err := writeDurably(c.DataDir, promiseFile, promised.String()+"\n"); err != nil {
				return err
			}
		}
	}
	if promised > 0 {
		f.SilentTicks = raft.SilentTicks(uint64(promised), uint64(tick))
	}
	return nil
}

// readPromise is what the folder says; 0 if nothing was ever promised. A file
// that cannot be read may say anything, so it is an error.
func readPromise(dir string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(dir, promiseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	promised, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil || promised < 0 {
		return 0, fmt.Errorf("%s: %q is no duration; write there the longest --election-timeout that this node ever had with --lease-reads",
			filepath.Join(dir, promiseFile), text)
	}
	return promised, nil
}

// lease is how long one lasts under these settings.
func (c Config) lease() time.Duration {
	return time.Duration(raft.LeaseLength(c.electionTicks(), uint64(tick), c.MaxClockDrift))
}

// tellTime reads the clock for the engine, after all that the turn took in.
func (l *loop) tellTime() {
	if l.config.LeaseReads {
		l.raft.Clock(l.clock())
	}
}
