package rafttest

import (
	"fmt"
	"time"

	"raftkv/node/kv/kvpb"
)

// lightFuse crashes a node, often between two of its coming effects.
func (ne *nemesis) lightFuse(n *node) {
	if ne.dice.chance(0.3) {
		n.crash()
		return
	}
	n.fuse = ne.dice.IntN(40)
}

func (ne *nemesis) crashNodes(ids []uint64) (string, func()) {
	for _, id := range ids {
		ne.lightFuse(ne.w.node(id))
	}
	return fmt.Sprint(ids), func() {
		for _, id := range ids {
			n := ne.w.node(id)
			n.crash() // if the fuse has not burnt down
			n.start()
		}
	}
}

func (ne *nemesis) crashSome() (string, func()) {
	ids := ne.dice.shuffled(ne.w.members)
	return ne.crashNodes(ids[:1+ne.dice.IntN(len(ids))])
}

func (ne *nemesis) crashLeader() (string, func()) {
	return ne.crashNodes([]uint64{ne.theLeader().number})
}

// crashAll is the power cut of the whole room.
func (ne *nemesis) crashAll() (string, func()) {
	for _, n := range ne.w.nodes {
		n.crash()
	}
	return "", func() {
		for _, n := range ne.w.nodes {
			n.start()
		}
	}
}

// crashLoop restarts one node again and again.
func (ne *nemesis) crashLoop() (string, func()) {
	n, over := ne.someone(), false
	var again func()
	again = func() {
		if over {
			return
		}
		n.start()
		ne.lightFuse(n)
		ne.w.after(ne.dice.around(100*time.Millisecond), again)
	}
	again()
	return fmt.Sprint(n.number), func() {
		over = true
		n.crash()
		n.start()
	}
}

func (ne *nemesis) pauseNode(n *node) (string, func()) {
	n.pause()
	return fmt.Sprint(n.number), n.resume
}

func (ne *nemesis) pauseSome() (string, func()) { return ne.pauseNode(ne.someone()) }

func (ne *nemesis) pauseLeader() (string, func()) { return ne.pauseNode(ne.theLeader()) }

// clockDrift changes how fast a node's clock runs.
func (ne *nemesis) clockDrift() (string, func()) {
	n := ne.someone()
	before := n.drift
	n.setDrift(ne.dice.drift(ne.w.plan.swing()))
	return fmt.Sprintf("%d %.2f", n.number, n.drift), func() { n.setDrift(before) }
}

// transfer asks a node, which may not even lead, to hand leadership over.
func (ne *nemesis) transfer() (string, func()) {
	n, to := ne.theLeader(), ne.dice.IntN(len(ne.w.plan.voters)+1)
	if n.up && !n.paused {
		// A refusal is an answer like any other.
		_ = n.eng.TransferLeader(ne.w.engineID(uint64(to)))
		n.wake()
	}
	return fmt.Sprint(n.number, " to ", to), func() {}
}

// campaign lets a node stand for election out of turn.
func (ne *nemesis) campaign() (string, func()) {
	n := ne.w.node(ne.dice.pick(ne.w.members))
	if n.up && !n.paused {
		n.eng.Campaign()
		n.wake()
	}
	return fmt.Sprint(n.number), func() {}
}

// burst proposes many commands in a short time: a deep uncommitted tail, if the
// leader cannot replicate it.
func (ne *nemesis) burst() (string, func()) {
	n, size := ne.theLeader(), 10+ne.dice.IntN(40)
	for i := range size {
		ne.w.after(time.Duration(i)*2*time.Millisecond, func() {
			n.receive(func() { n.serveRequest(&request{cmd: ne.filler(i), reply: func(reply) {}}) })
		})
	}
	return fmt.Sprint(n.number, " of ", size), func() {}
}

// filler writes a key that no client reads.
func (ne *nemesis) filler(i int) *kvpb.Command {
	return &kvpb.Command{Op: kvpb.Command_OP_PUT, Key: []byte("filler"), Value: fmt.Append(nil, ne.w.now, i)}
}

// burstCutOff leaves a leader alone with a tail that nobody else will have.
func (ne *nemesis) burstCutOff() (string, func()) {
	what, heal := ne.leaderFromPeers()
	size, _ := ne.burst()
	return what + " " + size, heal
}
