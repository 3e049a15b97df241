package snapshot

import "errors"

var (
	// ErrCorrupt: a snapshot's file is damaged or is not the one it is named for.
	ErrCorrupt = errors.New("the snapshot is damaged")
	// ErrNewerFormat: a later version wrote the file.
	ErrNewerFormat = errors.New("the snapshot was written by a newer version; start that version")
	// ErrWrongCluster: the file is another cluster's.
	ErrWrongCluster = errors.New("the snapshot belongs to another cluster; check --cluster and --data-dir")
	// ErrNotFound: there is no snapshot of this index and term.
	ErrNotFound = errors.New("no such snapshot")
)
