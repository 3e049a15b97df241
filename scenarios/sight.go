package scenarios

import (
	"raftkv/harness/cluster"
	"raftkv/harness/link"
	"raftkv/harness/live"
	"raftkv/harness/run"
)

// sight looks at a cluster through what the run's observer heard last: it asks
// nobody and never waits.
func sight(c cluster.Cluster, obs *run.Observer) func(*Update) {
	return func(u *Update) {
		u.Nodes, u.Links = nodesSeen(c, obs), linksSeen(c.Links())
	}
}

func nodesSeen(c cluster.Cluster, obs *run.Observer) []live.Node {
	var all []live.Node
	var leader cluster.Status
	for _, id := range c.Nodes() {
		s, _ := obs.Last(id)
		all = append(all, live.Node{
			ID: id, Answers: obs.Answers(id), Role: s.Role, Term: s.Term, Commit: s.Commit, Applied: s.Applied,
		})
		if s.IsLeader() && obs.Answers(id) && s.Term > leader.Term {
			leader = s
		}
	}
	for i := range all {
		all[i].Voter = len(leader.Voters) == 0
		for _, v := range leader.Voters {
			all[i].Voter = all[i].Voter || v == all[i].ID
		}
	}
	return all
}

func linksSeen(links *link.Set) []live.Link {
	if links == nil {
		return nil
	}
	var all []live.Link
	for _, l := range links.All() {
		if state := l.Now(); state != "" {
			all = append(all, live.Link{From: l.From(), To: l.To(), State: state})
		}
	}
	return all
}

// next names the step after the i first ones.
func next(steps []run.Step, i int) string {
	if i >= len(steps) {
		return ""
	}
	return steps[i].Name
}
