package kv

import "errors"

var (
	// ErrCorruptCommand: a committed entry cannot be read. Nothing of it was
	// applied; going on would make this replica differ, so the process must stop.
	ErrCorruptCommand = errors.New("kv: committed entry cannot be read")
	// ErrOutOfOrder: an entry was applied twice or one before it was left out.
	ErrOutOfOrder = errors.New("kv: entry applied out of order")
	// ErrBatchTooLarge: more commands than one entry may carry.
	ErrBatchTooLarge = errors.New("kv: too many commands in one batch")
	// ErrBadSnapshot: a snapshot's stream is damaged, cut short or inconsistent.
	ErrBadSnapshot = errors.New("kv: snapshot is damaged")
	// ErrDamagedState: the state in memory is not what was applied: a bit of it
	// has turned, or something wrote to it. The process must stop and recover.
	ErrDamagedState = errors.New("kv: the state in memory does not match its digest")
	// ErrNewerFormat: a snapshot was written by a later version.
	ErrNewerFormat = errors.New("kv: snapshot was written by a newer version")
)
