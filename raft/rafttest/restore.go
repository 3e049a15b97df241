package rafttest

import (
	"bytes"
	"fmt"
	"slices"

	"raftkv/node/kv"
	"raftkv/node/kv/kvpb"
	"raftkv/raft"
	"raftkv/raft/membership"
)

// foundingPlan says what the founders' folders hold before there is a cluster.
type foundingPlan uint8

const (
	foundEmpty    foundingPlan = iota // nothing
	foundRestored                     // one restored state, all of them
	halfRestored                      // all but one, so that nobody may ever serve
)

// halfRestoreFault asks for a run of half a restore; it comes and goes with no fault.
const halfRestoreFault = "half a restore"

// chooseFounding comes late in a plan, so that it changes nothing else of it.
func (p *plan) chooseFounding(o Options, d dice) {
	roll, who := d.IntN(100), d.pick(p.voters)
	half := slices.Contains(o.Faults, halfRestoreFault) || len(o.Faults) == 0 && roll < 5
	switch {
	case o.Calm:
	case half && len(p.voters) > 1:
		p.founding, p.unrestored = halfRestored, who
	case roll < 35:
		p.founding = foundRestored
	}
}

// restoredTo is the index of the state that founders are restored with.
const restoredTo = 20

// restoreAll puts a restored state into the folders that have one.
func (w *world) restoreAll() {
	if w.plan.founding == foundEmpty {
		return
	}
	file, err := restoredState()
	if err != nil {
		w.fail("simulator", "make a state to restore: %v", err)
		return
	}
	for range restoredTo {
		w.checks.committed = append(w.checks.committed, commitment{term: file.meta.Term})
	}
	for _, number := range w.plan.voters {
		if n := w.node(number); number != w.plan.unrestored {
			n.disk.snap = file
			n.disk.record.Origin = membership.Origin(clusterName, file.data, w.plan.voters)
			n.greets()
		}
	}
}

// restoredState is a snapshot without a membership.
func restoredState() (snapshotFile, error) {
	store := kv.New(kv.Limits{})
	for i := range uint64(restoredTo) {
		data, err := encode([]*kvpb.Command{{Op: kvpb.Command_OP_PUT, Key: []byte("restored"), Value: fmt.Append(nil, i)}})
		if err != nil {
			return snapshotFile{}, err
		}
		if _, err := store.Apply(i+1, data); err != nil {
			return snapshotFile{}, err
		}
	}
	var b bytes.Buffer
	err := store.Snapshot().Save(&b)
	return snapshotFile{raft.SnapshotMeta{Index: restoredTo, Term: 1}, b.Bytes()}, err
}
