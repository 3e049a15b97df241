package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"raftkv/harness/disk"
	"raftkv/harness/link"
	"raftkv/harness/proof"
)

var (
	// ErrNoDocker means that the docker driver was asked for and no engine
	// answers.
	ErrNoDocker = errors.New("no Docker engine answers")
	// ErrImage means that an image was given for nodes that are to be processes.
	ErrImage = errors.New("an image runs on Docker alone: give --driver docker, or a program")
	// ErrNoLeader means that no leader was agreed on in time.
	ErrNoLeader = errors.New("no leader")
	// ErrNoNode means that the cluster has no node of that id.
	ErrNoNode = errors.New("no such node")
)

// Phase is what a node's process does.
type Phase string

const (
	// Running means that the process runs.
	Running Phase = "running"
	// Paused means that the process is there and gets no processor time.
	Paused Phase = "paused"
	// Exited means that there is no process.
	Exited Phase = "exited"
)

// NodeState is what the driver sees of a node from outside.
type NodeState struct {
	Phase Phase
	// ExitCode is set when Phase is Exited: 137 after SIGKILL.
	ExitCode int
	// Detail says where the state was read.
	Detail string
}

// String gives the state in a word or two.
func (s NodeState) String() string {
	if s.Phase == Exited {
		return fmt.Sprintf("exited with code %d", s.ExitCode)
	}
	return string(s.Phase)
}

// Cluster is nodes 1..N with links between them and from clients to them.
//
// Its methods may be called by several goroutines; operations on one node run
// one after the other. Every call is bounded: by its context, and by NodeTimeout
// (StatusTimeout for Status) if that is sooner. Operations read the state back.
// They return an error exactly when the evidence's outcome is proof.Failed.
type Cluster interface {
	// Name is the driver: "docker" or "process".
	Name() string
	// Nodes lists the ids, ascending.
	Nodes() []int
	// ClientAddr is the host:port at which clients reach the node, through the
	// client link's proxy. Fixed for the life of the cluster.
	ClientAddr(id int) string
	// AdminURL is the node's admin page, reached directly. Fixed likewise.
	AdminURL(id int) string
	// Kill sends SIGKILL and waits until the node has exited.
	Kill(ctx context.Context, id int) (proof.Evidence, error)
	// Start starts an exited node on its old data and addresses, and waits
	// until its admin page says that it is healthy.
	Start(ctx context.Context, id int) (proof.Evidence, error)
	// Stop sends SIGTERM and waits. An exit code other than 0 is an error, and
	// so is a node that does not exit in time; it is not killed then.
	Stop(ctx context.Context, id int) (proof.Evidence, error)
	// Pause takes all processor time from the node; its connections stay open.
	Pause(ctx context.Context, id int) (proof.Evidence, error)
	// Resume undoes Pause and waits until the node is healthy.
	Resume(ctx context.Context, id int) (proof.Evidence, error)
	// State looks at the node from outside.
	State(ctx context.Context, id int) (NodeState, error)
	// Status asks the node's admin page.
	Status(ctx context.Context, id int) (Status, error)
	// Links gives the network.
	Links() *link.Set
	// SaveLogs writes n1.log, n2.log, … into dir, each with all runs of a node, and
	// if the spec wants events n1.events.jsonl, … likewise.
	SaveLogs(ctx context.Context, dir string) error
	// Close removes everything. It works with a context that has ended, may be
	// called twice, and on a cluster that came up only in part.
	Close(ctx context.Context) error
}

// Disked is a Cluster whose nodes' data this program can reach.
type Disked interface {
	// DataDir is where the node's data lies, past whatever trouble its disk is in:
	// for looking, and for changing files while the node does not run. Nothing if
	// it is out of reach.
	DataDir(id int) string
	// Volume is the node's disk of its own (Spec.Disks); nil if its data is in a
	// plain folder.
	Volume(id int) disk.Volume
	// CutPower kills the node, if it runs, and loses what it had not synced. The
	// disk is usable again when it returns, with the loss proved: see
	// disk.Volume. Start starts the node on what was left.
	CutPower(ctx context.Context, id int) (proof.Evidence, error)
}

// Wiper is a Cluster that can take from a node all that it has on disk.
type Wiper interface {
	// Wipe empties the data folder of a node that does not run, and proves that
	// nothing is left in it. It is indeterminate if there was nothing before.
	Wipe(ctx context.Context, id int) (proof.Evidence, error)
}

const (
	// NodeTimeout bounds one operation on a node.
	NodeTimeout = 10 * time.Second
	// StatusTimeout bounds one look at an admin page.
	StatusTimeout = time.Second
	// AliveTimeout is how long a node that runs has to answer a ping of its own
	// port before it is taken for dead: longer than a busy machine starves it.
	AliveTimeout = 5 * time.Second
	// StartTimeout bounds a start, building of images included.
	StartTimeout = 3 * time.Minute
	// CloseTimeout bounds a teardown.
	CloseTimeout = 60 * time.Second
)
