package run

import (
	"context"
	"strconv"
	"sync"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/recorder"
	"raftkv/history"
)

// How often each node is asked, how long it may take to answer, and how many
// times the leader may fail to answer before it counts as gone.
const (
	askEvery    = 50 * time.Millisecond
	askPatience = 200 * time.Millisecond
	misses      = 3
)

// Asked is the part of a cluster that an Observer needs.
type Asked interface {
	Nodes() []int
	Status(ctx context.Context, id int) (cluster.Status, error)
}

// Observer asks every node for its status, each on a goroutine of its own so
// that a dead or paused one does not hold up the rest, and writes changes to the
// log. What it sees are the nodes' own claims: evidence about leaders, and never
// a basis for judging data.
type Observer struct {
	src   Asked
	clock recorder.Clock
	log   *Log
	stop  context.CancelFunc
	wait  sync.WaitGroup

	mu      sync.Mutex
	last    map[int]cluster.Status
	missed  map[int]int
	leader  history.LeaderPoint
	leaders []history.LeaderPoint
	// led led last, and peers are the others that take part, as it had it; nil if
	// it did not tell.
	led   string
	peers map[string]cluster.PeerStatus
	lags  lags
}

// Observe starts asking, until Stop.
func Observe(src Asked, clock recorder.Clock, log *Log) *Observer {
	ctx, cancel := context.WithCancel(context.Background())
	o := &Observer{
		src: src, clock: clock, log: log, stop: cancel,
		last: map[int]cluster.Status{}, missed: map[int]int{},
	}
	for _, id := range src.Nodes() {
		o.wait.Go(func() { o.follow(ctx, id) })
	}
	return o
}

// Stop ends the asking and waits for it.
func (o *Observer) Stop() {
	o.stop()
	o.wait.Wait()
}

// Leaders is who led when, so far.
func (o *Observer) Leaders() []history.LeaderPoint {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]history.LeaderPoint(nil), o.leaders...)
}

// Lags is how far nodes were behind, so far.
func (o *Observer) Lags() history.Lags {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lags.table()
}

// Last is what a node said last, and whether it ever said anything.
func (o *Observer) Last(id int) (cluster.Status, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.last[id]
	return s, ok
}

// Answers says whether a node has answered of late.
func (o *Observer) Answers(id int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ever := o.last[id]
	return ever && o.missed[id] < misses
}

func (o *Observer) follow(ctx context.Context, id int) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		o.ask(ctx, id)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (o *Observer) ask(ctx context.Context, id int) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	s, err := o.src.Status(ctx, id)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.silent(id)
		return
	}
	o.missed[id] = 0
	o.heard(id, s)
}

// silent notes that a node did not answer; a leader that stays silent leads no
// more, as far as anyone can see.
func (o *Observer) silent(id int) {
	o.missed[id]++
	o.lags.silent(id)
	if o.missed[id] == misses && o.leader.Node == strconv.Itoa(id) {
		o.point("", o.leader.Term)
	}
}

func (o *Observer) heard(id int, s cluster.Status) {
	if changed(o.last[id], s) {
		o.log.Append(Event{
			Kind: KindStatus, Node: id, Role: s.Role, Term: s.Term,
			Leader: s.Leader, Snapshot: s.SnapshotIndex,
		})
	}
	o.last[id] = s
	node := strconv.Itoa(id)
	switch {
	case s.IsLeader() && leads(o.leader, s.Term):
		o.point(node, s.Term)
	case !s.IsLeader() && o.leader.Node == node:
		o.point("", o.leader.Term)
	}
	if o.leader.Node == node {
		o.led, o.peers = node, s.Peers
	}
	o.lags.heard(id, o.clock.Now(), s, o.takesPart(node))
}

// takesPart tells whether a node is one that there is a lag to speak of: neither
// one that waits to be added nor one that was removed.
func (o *Observer) takesPart(node string) bool {
	_, follows := o.peers[node]
	return follows || o.peers == nil || o.led == node
}

// leads tells whether a claim to lead term replaces what is believed. A deposed
// leader that has not noticed claims a lower term and does not count.
func leads(now history.LeaderPoint, term uint64) bool {
	return term > now.Term || term == now.Term && now.Node == ""
}

func (o *Observer) point(node string, term uint64) {
	o.leader = history.LeaderPoint{Time: o.clock.Now(), Node: node, Term: term}
	o.leaders = append(o.leaders, o.leader)
}

func changed(a, b cluster.Status) bool {
	return a.Role != b.Role || a.Term != b.Term || a.Leader != b.Leader || a.SnapshotIndex != b.SnapshotIndex
}
