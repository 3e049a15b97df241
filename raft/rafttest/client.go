package rafttest

import (
	"fmt"
	"time"

	"raftkv/history"
	"raftkv/node/kv/kvpb"
	"raftkv/raft/membership"
)

// How patient a client is.
const (
	attemptTimeout = 400 * time.Millisecond
	callTimeout    = 2 * time.Second
)

// client does one operation after the other. It keeps a session, follows the
// leader, and sends an operation whose outcome it does not know again under
// the same sequence number, to another node.
type client struct {
	w        *world
	number   uint64
	begun    uint64 // operations and pauses before them
	dice     dice   // of the present one
	process  int
	session  uint64
	sequence uint64
	written  int
	target   uint64
	stopped  bool
	busy     bool
}

// call is one operation with all its attempts.
type call struct {
	c        *client
	f        history.Function
	cmd      *kvpb.Command // nil for a read
	key      string
	expect   history.Value
	final    bool
	node     uint64 // a read that must be answered by this node; 0 for any
	started  time.Duration
	attempts int
	unsure   bool // an attempt may have taken effect, or may still
	waiting  bool // for the answer to the last attempt
	settled  bool
	then     func(ok bool)
}

// next starts the client's next operation after a pause.
func (c *client) next() {
	c.busy = false
	c.roll()
	c.w.after(c.dice.around(c.w.plan.think), func() {
		switch {
		case c.stopped:
		case c.session == 0:
			c.open()
		case c.leavesOut():
			c.next()
		default:
			c.operate()
		}
	})
}

// callsOfAClient is what the numbers of calls leave room for.
const callsOfAClient = 1_000_000

// roll takes new dice for the next operation, by its number.
func (c *client) roll() {
	c.begun++
	c.dice = newDice(c.w.opts.Seed, streamClient+stream(c.call())<<16)
}

// call numbers the present operation.
func (c *client) call() uint64 { return c.number*callsOfAClient + c.begun }

// leavesOut says that a cut leaves out the present operation. What is asked of a
// healed cluster cannot be left out: it has to answer.
func (c *client) leavesOut() bool {
	return !c.w.nemesis.ended && !keeps(c.w.opts.Keep.Calls, c.call())
}

// open asks for a session. An answer that is lost leaves a session behind that
// nobody uses.
func (c *client) open() {
	c.start(&call{cmd: &kvpb.Command{Op: kvpb.Command_OP_OPEN_SESSION}})
}

// operate makes up an operation: reads, writes of unique values, deletes, and
// compare-and-swaps on what the client believes is there.
func (c *client) operate() {
	d := c.dice
	key := fmt.Sprintf("k%d", d.IntN(c.w.plan.keys))
	call := &call{key: key}
	switch roll := d.IntN(100); {
	case roll < 45:
		call.f = history.Get
	case roll < 75:
		call.f, call.cmd = history.Put, c.command(kvpb.Command_OP_PUT, key)
		call.cmd.Value = c.unique()
	case roll < 80:
		call.f, call.cmd = history.Delete, c.command(kvpb.Command_OP_DELETE, key)
	default:
		call.f, call.cmd = history.CAS, c.command(kvpb.Command_OP_CAS, key)
		call.cmd.Value = c.unique()
		call.expect = c.w.lastSeen[key]
		call.cmd.ExpectAbsent, call.cmd.Expect = !call.expect.Present, []byte(call.expect.Data)
	}
	c.start(call)
}

func (c *client) command(op kvpb.Command_Op, key string) *kvpb.Command {
	c.sequence++
	return &kvpb.Command{
		Op: op, Key: []byte(key), Session: c.session, Sequence: c.sequence, FirstOpen: c.sequence,
	}
}

func (c *client) unique() []byte {
	c.written++
	return fmt.Appendf(nil, "p%d-%d", c.process, c.written)
}

func (c *client) start(call *call) {
	call.c, call.started = c, c.w.now
	c.busy = true
	if call.f != "" {
		c.w.note(record{step: stepInvoke, v: [4]uint64{uint64(c.process), c.sequence}, note: string(call.f) + " " + call.key})
		c.w.record(call.event(history.Invoke))
	}
	if call.f != "" && !c.w.nemesis.ended {
		c.w.calls = append(c.w.calls, CallStep{c.call(), c.w.now, string(call.f) + " " + call.key})
	}
	c.w.after(callTimeout, call.giveUp)
	call.attempt()
}

// attempt sends the operation once more.
func (cl *call) attempt() {
	if cl.settled {
		return
	}
	cl.attempts++
	cl.waiting = true
	attempt, c := cl.attempts, cl.c
	to := c.choose(cl)
	c.w.note(record{step: stepAttempt, v: [4]uint64{uint64(c.process), c.sequence, uint64(attempt), to}})
	r := &request{cmd: c.w.plantRetry(cl), key: []byte(cl.key), deadline: c.w.now + attemptTimeout}
	r.reply = func(re reply) {
		c.w.net.toNode(to, func() { cl.replied(attempt, re) })
	}
	c.w.net.toNode(to, func() {
		n := c.w.node(to)
		n.receive(func() { n.serveRequest(r) })
	})
	c.w.after(attemptTimeout, func() { cl.replied(attempt, reply{outcome: unknown}) })
}

// choose names the node to ask.
func (c *client) choose(cl *call) uint64 {
	switch {
	case cl.node != 0:
		return cl.node
	case c.target == 0 || cl.cmd == nil || c.dice.chance(0.02):
		return membership.Node(c.dice.pick(c.w.voters()))
	}
	return membership.Node(c.target)
}

// replied takes an attempt's answer, which may be the timer's. A late answer
// to an earlier attempt is as good as any.
func (cl *call) replied(attempt int, re reply) {
	if cl.settled || re.outcome != done && attempt != cl.attempts {
		return
	}
	c := cl.c
	switch re.outcome {
	case done:
		cl.finish(re)
	case refused:
		cl.waiting = false
		c.target = re.leader
		c.w.after(c.dice.around(20*time.Millisecond), cl.attempt)
	case unknown:
		cl.unsure = true
		c.target = 0
		cl.attempt()
	}
}

// finish ends a call that got an answer.
func (cl *call) finish(re reply) {
	if cl.cmd != nil && re.result.GetCode() != kvpb.Result_CODE_OK {
		cl.sessionLost()
		return
	}
	c := cl.c
	cl.settled = true
	if cl.cmd != nil && cl.cmd.Op == kvpb.Command_OP_OPEN_SESSION {
		c.session, c.sequence = re.result.GetSession(), 0
		cl.end(true)
		return
	}
	ev := cl.event(history.Ok)
	ev.Value, ev.Swapped = cl.saw(re), re.result.GetSwapped()
	c.w.remember(ev)
	c.w.record(ev)
	cl.end(true)
}

// saw is what the answer says was there.
func (cl *call) saw(re reply) history.Value {
	switch cl.f {
	case history.Get:
		return value(re.found, re.value)
	case history.CAS:
		return value(re.result.GetFound(), re.result.GetActual())
	case history.Delete:
		return history.Value{Present: re.result.GetFound()}
	}
	return cl.input()
}

func value(found bool, data []byte) history.Value {
	if !found {
		return history.Value{}
	}
	return history.Value{Present: true, Data: string(data)}
}

// sessionLost ends a call whose session the store has forgotten: this attempt
// was not applied, but an earlier one may have been.
func (cl *call) sessionLost() {
	cl.c.session = 0
	if cl.unsure {
		cl.giveUp()
		return
	}
	cl.settle(history.Fail)
}

// giveUp ends a call with no answer.
func (cl *call) giveUp() {
	if cl.settled {
		return
	}
	if cl.cmd == nil || !cl.unsure && !cl.waiting {
		cl.settle(history.Fail)
		return
	}
	cl.settle(history.Info)
	cl.c.process = cl.c.w.newProcess()
}

func (cl *call) settle(k history.Kind) {
	cl.settled = true
	if cl.f != "" {
		cl.c.w.record(cl.event(k))
	}
	cl.end(false)
}

func (cl *call) end(ok bool) {
	c := cl.c
	c.w.note(record{step: stepReturn, v: [4]uint64{uint64(c.process), c.sequence, number(ok)}})
	c.busy = false
	if cl.then != nil {
		cl.then(ok)
		return
	}
	c.next()
}

// input is what the operation wants to write.
func (cl *call) input() history.Value {
	if cl.cmd == nil || cl.f == history.Delete {
		return history.Value{}
	}
	return history.Value{Present: true, Data: string(cl.cmd.Value)}
}

func (cl *call) event(k history.Kind) history.Event {
	ev := history.Event{
		Time: int64(cl.c.w.now), Process: cl.c.process, Kind: k, F: cl.f, Key: cl.key, Final: cl.final,
	}
	if k == history.Invoke {
		ev.Value, ev.Expect = cl.input(), cl.expect
	}
	return ev
}
