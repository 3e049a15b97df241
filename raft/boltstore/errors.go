package boltstore

import "errors"

// Errors of Open and Recover. None of them leaves anything changed.
var (
	// ErrCorrupt: the file is damaged, or incomplete against the snapshot.
	ErrCorrupt = errors.New("the log is damaged; " +
		"if other nodes have the data, empty the folder and start the node again: the cluster takes it in anew")
	// ErrWrongNode: the folder is that of another node.
	ErrWrongNode = errors.New("the data folder belongs to another node; check --id and --data-dir")
	// ErrWrongCluster: the folder is that of another cluster.
	ErrWrongCluster = errors.New("the data folder belongs to another cluster; check --cluster and --data-dir")
	// ErrLocked: another process has the folder.
	ErrLocked = errors.New("the data folder is in use by another process; stop it, or check --data-dir")
	// ErrNewerFormat: a later version wrote the folder.
	ErrNewerFormat = errors.New("the data folder was written by a newer version; start that version")
)

// Errors of the writes.
var (
	// ErrGap: entries would not follow, or do not follow, what precedes them.
	ErrGap = errors.New("gap in the log")
	// ErrOutOfOrder: a term or a vote would go back, or an entry come before its
	// term. Nothing was written.
	ErrOutOfOrder = errors.New("log write out of order")
	// ErrNotIntact: an entry to be appended does not match its checksum, so it
	// changed in this machine's memory. Nothing was written.
	ErrNotIntact = errors.New("an entry does not match its checksum before it is written")
	// ErrFailed: an earlier write failed, so what is on disk is unknown.
	ErrFailed = errors.New("log write failed; the process must end")
)
