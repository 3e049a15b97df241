package rafttest

import (
	"fmt"
	"time"
)

// leaseFaults are those that only a lease minds, for the runs that have them: a
// leader that cannot know that another was elected, and is asked to read.
var leaseFaults = []faultKind{
	{"transfer by a deaf leader", (*nemesis).transferDeaf},
	{"pause leader behind a cut", (*nemesis).pauseCutOff},
}

// transferDeaf lets the leader hand over and not hear what becomes of it.
func (ne *nemesis) transferDeaf() (string, func()) {
	what, _ := ne.transfer()
	n, cs := ne.theLeader(), ne.newCuts()
	for _, other := range ne.w.members {
		cs.oneWay(other, n.number)
	}
	return what + " " + cs.String(), cs.heal
}

// pauseCutOff stops the leader when the answers to its last heartbeats are there
// or nearly, cuts it off, and lets it go on after an election.
func (ne *nemesis) pauseCutOff() (string, func()) {
	n, cs, over := ne.theLeader(), ne.newCuts(), false
	n.pause()
	ne.w.after(ne.dice.between(0, 100*time.Millisecond), func() {
		for _, other := range ne.w.members {
			if !over && other != n.number {
				cs.both(n.number, other)
			}
		}
	})
	ne.w.after(ne.dice.between(300*time.Millisecond, 900*time.Millisecond), func() {
		if !over {
			n.resume()
		}
	})
	return fmt.Sprint(n.number), func() {
		over = true
		n.resume()
		cs.heal()
	}
}
