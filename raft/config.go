package raft

import (
	"errors"
	"fmt"
)

// ErrConfig is wrapped by every error of New: the configuration or what was
// recovered from disk contradicts itself.
var ErrConfig = errors.New("raft: invalid configuration")

// Config is what a Node starts from: its settings, and the state that its disk
// held. All fields without a remark are required.
type Config struct {
	// ID is this node's id, not None.
	ID uint64
	// ElectionTicks is the base election timeout in ticks. Each timeout is drawn
	// from [ElectionTicks, 2*ElectionTicks).
	ElectionTicks int
	// HeartbeatTicks is the time between heartbeats, less than ElectionTicks.
	HeartbeatTicks int
	// Rand returns a number in [0, n). It is the only source of randomness.
	Rand func(n int) int

	// MaxMsgBytes bounds the entries in one MsgAppend. One entry always goes.
	MaxMsgBytes int
	// MaxInflightMsgs and MaxInflightBytes bound the appends on their way to one
	// follower.
	MaxInflightMsgs  int
	MaxInflightBytes int
	// MaxUncommittedBytes bounds a leader's uncommitted tail. Propose answers
	// ErrOverloaded beyond it, but an empty tail takes an entry of any size.
	MaxUncommittedBytes int

	// HardState is what was last stored; zero on the first start.
	HardState HardState
	// Snapshot is what the log starts behind. While its Index is 0, its Conf is
	// the cluster's first membership, or empty on a node that waits to be added. It is
	// empty at any Index on a node whose cluster is not founded yet (Found).
	Snapshot SnapshotMeta
	// Entries is the stored log, contiguous from Snapshot.Index+1. Everything in
	// it is durable.
	Entries []Entry
	// Recovery, when not 0, says that the stored log is not all that this node
	// acknowledged: it was damaged. HardState is whole. The number must be one
	// that no earlier life of the node used. See Recovering.
	Recovery uint64
	// Applied is how far the state machine got, at least Snapshot.Index.
	Applied uint64

	// LeaseReads lets this node promise leases as a voter and read by one as a
	// leader; lease.go says on what that rests. The caller tells the time (Clock).
	LeaseReads bool
	// TickTime is how long a tick is, in the unit of Clock. For LeaseReads.
	TickTime uint64
	// MaxClockDrift bounds how far the members' clocks, and the ticks, run apart:
	// while one shows that a time t passed, no other shows more than t times
	// 1+MaxClockDrift. For LeaseReads.
	MaxClockDrift float64
	// SilentTicks is for how long this node votes for nobody when it starts,
	// because an earlier life may have promised so: SilentTicks(longest promise).
	// With LeaseReads an election timeout at the least. 0 if none promised.
	SilentTicks int
}

// validate checks the settings and that what was recovered fits together: a
// gap or a falling term means that a truncated suffix came back (etcd#22442).
func (c *Config) validate() error {
	for _, check := range []func() error{c.validateSettings, c.validateSnapshot, c.validateLog} {
		if err := check(); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

func (c *Config) validateSettings() error {
	switch {
	case c.ID == None:
		return errors.New("the id is 0")
	case c.HeartbeatTicks <= 0:
		return fmt.Errorf("HeartbeatTicks is %d, must be above 0", c.HeartbeatTicks)
	case c.ElectionTicks <= c.HeartbeatTicks:
		return fmt.Errorf("ElectionTicks is %d, must be above HeartbeatTicks (%d)", c.ElectionTicks, c.HeartbeatTicks)
	case c.Rand == nil:
		return errors.New("no source of randomness")
	case c.MaxMsgBytes <= 0, c.MaxInflightMsgs <= 0, c.MaxInflightBytes <= 0, c.MaxUncommittedBytes <= 0:
		return errors.New("the limits on messages, inflights and uncommitted bytes must be above 0")
	case c.LeaseReads && (c.TickTime == 0 || c.ElectionTicks <= bunchedTicks || !(c.MaxClockDrift >= 0)):
		return fmt.Errorf("leases need a TickTime, ElectionTicks above %d and a MaxClockDrift of 0 or more", bunchedTicks)
	}
	return nil
}

func (c *Config) validateSnapshot() error {
	// Without a membership it joins, and the log brings one; or its cluster is to be
	// founded (Found).
	if err := c.Snapshot.Conf.validate(); err != nil && !c.Snapshot.Conf.empty() {
		return fmt.Errorf("membership of snapshot %d: %w", c.Snapshot.Index, err)
	}
	if (c.Snapshot.Index == 0) != (c.Snapshot.Term == 0) {
		return fmt.Errorf("snapshot at index %d has term %d", c.Snapshot.Index, c.Snapshot.Term)
	}
	return nil
}

func (c *Config) validateLog() error {
	index, term := c.Snapshot.Index, c.Snapshot.Term
	if err := errors.Join(checkSequence(index, term, c.Entries), checkConfs(c.Entries)); err != nil {
		return err
	}
	if k := len(c.Entries); k > 0 {
		index, term = c.Entries[k-1].Index, c.Entries[k-1].Term
	}
	// A term is durable before any entry of it, so the stored term is no older.
	if c.HardState.Term < term {
		return fmt.Errorf("the log ends in term %d but the stored term is %d", term, c.HardState.Term)
	}
	if c.Applied < c.Snapshot.Index || c.Applied > index {
		return fmt.Errorf("applied is %d, the log holds %d to %d", c.Applied, c.Snapshot.Index, index)
	}
	return nil
}

// checkSequence says what is wrong with entries that should follow (index,
// term): indexes without a gap, terms that never fall.
func checkSequence(index, term uint64, entries []Entry) error {
	for i := range entries {
		e := &entries[i]
		if e.Index != index+1 {
			return fmt.Errorf("entry %d follows entry %d", e.Index, index)
		}
		if e.Term < term || e.Term == 0 {
			return fmt.Errorf("entry %d has term %d behind term %d", e.Index, e.Term, term)
		}
		index, term = e.Index, e.Term
	}
	return nil
}
