package scenarios

import (
	"math/rand/v2"
	"slices"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/link"
)

// Target is a role, or several: which nodes it means is known when a step fires.
type Target string

// The targets of the table.
const (
	Leader      Target = "leader"
	OneFollower Target = "one follower"
	// LeaderMinority is the leader with as many followers as still make a
	// minority; FollowerMinority is that many followers.
	LeaderMinority   Target = "leader and a minority"
	FollowerMinority Target = "a minority of followers"
	// Majority is the smallest majority that the leader is in.
	Majority Target = "leader and a majority"
	// NextInTurn is a node that no round has had yet.
	NextInTurn Target = "next in turn"
	Everybody  Target = "everybody"
)

// resolve says which nodes a target means. had are the targets of earlier
// rounds of the same step.
func (t Target) resolve(r *rand.Rand, leader int, nodes, had []int) []int {
	followers := without(nodes, leader)
	minority := (len(nodes) - 1) / 2
	switch t {
	case Leader:
		return []int{leader}
	case OneFollower:
		return cluster.Random(r, followers, 1)
	case LeaderMinority:
		return with(leader, cluster.Random(r, followers, minority-1))
	case FollowerMinority:
		return cluster.Random(r, followers, minority)
	case Majority:
		return with(leader, cluster.Random(r, followers, minority))
	case NextInTurn:
		return cluster.Random(r, without(nodes, had...), 1)
	default:
		return slices.Clone(nodes)
	}
}

func without(ids []int, drop ...int) []int {
	return slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return slices.Contains(drop, id) })
}

func with(id int, ids []int) []int {
	ids = append(ids, id)
	slices.Sort(ids)
	return ids
}

// Draw is what a fault is made from: who it befalls, and the seed's choices,
// each of which is written into the schedule.
type Draw struct {
	Targets, Others []int
	rand            *rand.Rand
	parameters      map[string]string
}

// choose draws one of several words.
func (d Draw) choose(name string, of ...string) string {
	v := of[d.rand.IntN(len(of))]
	d.parameters[name] = v
	return v
}

// duration draws a duration in whole milliseconds.
func (d Draw) duration(name string, b Between) time.Duration {
	v := b.draw(d.rand)
	d.parameters[name] = v.String()
	return v
}

// mode draws a way to cut a link.
func (d Draw) mode() link.Mode {
	return link.Mode(d.choose("mode", string(link.ModeDrop), string(link.ModeHold), string(link.ModeReject)))
}

// draw chooses in the range, both ends included, in whole milliseconds.
func (b Between) draw(r *rand.Rand) time.Duration {
	steps := int64((b.Max - b.Min) / time.Millisecond)
	return b.Min + time.Duration(r.Int64N(steps+1))*time.Millisecond
}
