package node

import (
	"raftkv/node/events"
	"raftkv/raft"
)

// votesNoted is a sender that first writes down the votes it is about to send: a
// promise that was on the wire is in the file.
type votesNoted struct {
	sender
	events *events.Stream
}

// Send implements sender.
func (v votesNoted) Send(messages []raft.Message) {
	v.events.Sending(messages)
	v.sender.Send(messages)
}

// trace opens the event stream and hands it to whoever has something to tell.
// Nothing runs yet.
func (n *Node) trace() error {
	s, err := events.Open(n.config.Events, func(err error) {
		n.log.Warn("no more events are written", "file", n.config.Events, "error", err)
	})
	if err != nil || s == nil {
		return err
	}
	status := n.folder.engine.Status()
	s.Start(status, n.folder.store.Digest())
	n.events, n.loop.trace, n.disk.events, n.machine.events = s, trail{s, status.LastIndex}, s, s
	return nil
}

// trail writes down what the engine decides about the log. Owned by the loop.
type trail struct {
	*events.Stream
	last uint64 // of the log
}

// ready notes a Ready before any of it is done.
func (t *trail) ready(rd raft.Ready) {
	if t.Stream == nil {
		return
	}
	if rd.Snapshot != nil {
		t.Install(*rd.Snapshot)
		t.last = rd.Snapshot.Index
	}
	if len(rd.Entries) > 0 {
		if first := rd.Entries[0].Index; first <= t.last {
			t.Truncate(first)
		}
		t.Append(rd.Entries)
		t.last = rd.Entries[len(rd.Entries)-1].Index
	}
	t.Commit(rd.Committed)
}

// durable notes a write that the disk has done.
func (d *disk) durable(j diskJob) {
	if d.events == nil {
		return
	}
	switch {
	case len(j.entries) > 0:
		last := j.entries[len(j.entries)-1]
		d.events.Durable(last.Index, last.Term)
	case j.reset != nil:
		d.events.Durable(j.reset.Index, j.reset.Term)
	}
}
