package scenarios

import (
	"time"

	"raftkv/harness/disk"
	"raftkv/history"
)

// bound is how long the first successful write after a proved healing may take.
// The default election timeout is 300 ms: this leaves room for a machine that
// also runs the five nodes, their proxies and the clients on two cores.
const bound = 10 * time.Second

// healthy is what must succeed before and after the faults, at the least.
var healthy = []Floor{
	{Before, history.Put, 30}, {Before, history.Get, 30}, {Before, history.CAS, 10},
	{After, history.Put, 30}, {After, history.Get, 30}, {After, history.CAS, 10},
}

// everything are the functions that need a quorum.
var everything = []history.Function{history.Get, history.Put, history.Delete, history.CAS}

// cutNodesFail: what a node without a quorum may do, which is nothing.
var cutNodesFail = []Ceiling{{Functions: everything, At: Targets}}

// serving adds floors for a cluster that goes on serving during the fault.
func serving(puts, gets int) []Floor {
	return append([]Floor{{During, history.Put, puts}, {During, history.Get, gets}}, healthy...)
}

// All is the table.
var All = []Scenario{
	{
		Name:   "leader-kill",
		Story:  "The leader is killed (SIGKILL), stays dead, and is started again.",
		Expect: "The other four elect a leader and serve everyone; the old one comes back as a follower.",
		Steps:  []Step{{Name: "kill the leader", Target: Leader, Fault: kill, Hold: Between{3 * time.Second, 4 * time.Second}, Until: ledElsewhere}},
		Bound:  bound, Floors: serving(30, 30),
		Proofs: []Proof{leaderMoved, stillDown},
	},
	{
		Name:   "leader-kill-and-return",
		Story:  "Whoever leads is killed and comes back at once, three times, under more load.",
		Expect: "Each time somebody leads again and serves; nothing acknowledged is lost in the churn.",
		Rate:   400,
		Steps:  []Step{{Name: "kill the leader, start it again", Target: Leader, Rounds: 3, Fault: kill, Hold: Between{100 * time.Millisecond, 1200 * time.Millisecond}, Then: laterTerm}},
		Bound:  bound, Floors: healthy,
		Proofs: []Proof{termRose, stillDown},
	},
	{
		Name:   "leader-in-minority",
		Story:  "The network splits: the leader and one follower here, three nodes there.",
		Expect: "The three elect a leader and serve; the two answer neither reads nor writes.",
		Steps:  []Step{{Name: "split, the leader in the minority", Target: LeaderMinority, Fault: partition, Hold: Between{4 * time.Second, 5 * time.Second}, Until: ledElsewhere}},
		Bound:  bound, Floors: serving(20, 20), Ceilings: cutNodesFail,
		Proofs: []Proof{leaderMoved, staleSideAsked(10)},
	},
	{
		Name:   "leader-in-majority",
		Story:  "The network splits: two followers here, the leader and two more there.",
		Expect: "The leader's side serves without a break; the two answer neither reads nor writes.",
		Steps:  []Step{{Name: "split, the leader in the majority", Target: FollowerMinority, Fault: partition, Hold: Between{3 * time.Second, 4 * time.Second}}},
		Bound:  bound, Floors: serving(30, 30), Ceilings: cutNodesFail,
		Proofs: []Proof{staleSideAsked(10)},
	},
	{
		Name:   "leader-cut-from-peers-not-clients",
		Story:  "The leader loses every peer, while clients still reach it and keep asking it to read.",
		Expect: "The four elect a leader and serve; the old leader answers no linearizable read and no write.",
		Steps:  []Step{{Name: "cut the leader from its peers", Target: Leader, Fault: isolate, Hold: Between{4 * time.Second, 5 * time.Second}, Until: ledElsewhere}},
		Bound:  bound, Floors: serving(20, 20), Ceilings: cutNodesFail,
		Proofs: []Proof{leaderMoved, staleSideAsked(8)},
	},
	{
		Name:   "one-way-cut-of-leader",
		Story:  "What the leader sends is lost, or what is sent to it (the seed decides); the other way works.",
		Expect: "The four elect a leader and serve; the old leader answers neither reads nor writes.",
		Steps:  []Step{{Name: "cut the leader one way", Target: Leader, Fault: oneWay, Hold: Between{4 * time.Second, 5 * time.Second}, Until: ledElsewhere}},
		Bound:  bound, Floors: serving(20, 20), Ceilings: cutNodesFail,
		Proofs: []Proof{leaderMoved, staleSideAsked(8)},
	},
	{
		Name:   "slow-links",
		Story:  "Every link, between nodes and to clients, is slow and uneven.",
		Expect: "Everyone is served, only slower.",
		Steps:  []Step{{Name: "slow every link", Target: Everybody, Fault: slow, Hold: Between{4 * time.Second, 5 * time.Second}}},
		Bound:  bound, Floors: serving(20, 20),
	},
	{
		Name:   "paused-follower-snapshot",
		Story:  "A follower is paused until no other node has the log that it missed, then goes on.",
		Expect: "The others serve without a break; the follower catches up by a snapshot.",
		Flags:  map[string]string{"snapshot-entries": "60", "trailing-entries": "20"},
		Rate:   400,
		Steps:  []Step{{Name: "pause a follower", Target: OneFollower, Fault: pause, Hold: Between{2 * time.Second, 3 * time.Second}, Until: outOfReach, Then: hasSnapshot}},
		Bound:  bound, Floors: serving(30, 30),
		Proofs: []Proof{neededSnapshot},
	},
	{
		Name:   "majority-lost",
		Story:  "Three of five nodes, the leader among them, are killed, and started again.",
		Expect: "Nothing is written or read while they are dead; after their return everything acknowledged is there.",
		Steps:  []Step{{Name: "kill a majority", Target: Majority, Fault: kill, Hold: Between{2 * time.Second, 3 * time.Second}}},
		Bound:  bound, Floors: healthy,
		Ceilings: []Ceiling{{Functions: everything, At: Anywhere}},
		Proofs:   []Proof{stillDown},
	},
	{
		Name:   "power-loss",
		Story:  "The leader and two more lose power at once, while the other two lack the last writes: what was not synced is gone.",
		Expect: "Nothing is written or read while they are dead; after their return everything acknowledged is there.",
		Disks:  disk.Ext4,
		Flags:  map[string]string{"snapshot-entries": "200", "trailing-entries": "50"},
		Steps:  []Step{{Name: "power loss of a majority", Target: Majority, Rounds: 3, Fault: powerLoss, Hold: Between{200 * time.Millisecond, time.Second}}},
		Bound:  bound, Floors: healthy,
		Ceilings: []Ceiling{{Functions: everything, At: Anywhere}},
		Proofs:   []Proof{stillDown, termRose},
	},
	{
		Name:   "rolling-restart",
		Story:  "All five are stopped (SIGTERM) and started, one after the other, under load.",
		Expect: "There is always a majority: everyone is served, with short gaps where the leader hands over.",
		Steps:  []Step{{Name: "restart a node", Target: NextInTurn, Rounds: 5, Fault: stop, Hold: Between{200 * time.Millisecond, 600 * time.Millisecond}}},
		Bound:  bound, Floors: serving(30, 30),
		Proofs: []Proof{everyNodeHad(5), stillDown},
	},
	{
		Name:   "lease-reads-leader-paused",
		Story:  "Leaders answer reads by lease; twice, whoever leads stands still until another leads, and goes on.",
		Expect: "The others wait for the lease's end, elect a leader and serve; the old one, going on, answers no read from the past.",
		Flags:  map[string]string{"lease-reads": "true"},
		Steps:  []Step{{Name: "pause the leader", Target: Leader, Rounds: 2, Fault: pause, Hold: Between{time.Second, 2 * time.Second}, Until: ledElsewhere, Then: leasesConfirmed}},
		Bound:  bound, Floors: serving(20, 20),
		Proofs: []Proof{leaderMoved, staleSideAsked(1), leasesConfirm},
	},
	{
		Name:   "membership-churn",
		Story:  "The cluster grows from 5 to 7 voters, shrinks to 3 and grows to 5; before each change its leader is killed.",
		Expect: "Every change succeeds while the old leader is dead, everyone is served, nothing acknowledged is lost.",
		Nodes:  7, Joiners: 2,
		Steps: []Step{
			{Name: "grow to 7 voters, the leader dead", Target: Leader, Fault: resize(7), Hold: Between{time.Second, 2 * time.Second}, Then: hasVoters(7)},
			{Name: "shrink to 3 voters, the leader dead", Target: Leader, Fault: resize(3), Hold: Between{time.Second, 2 * time.Second}, Then: hasVoters(3)},
			{Name: "grow to 5 voters, the leader dead", Target: Leader, Fault: resize(5), Hold: Between{time.Second, 2 * time.Second}, Then: hasVoters(5)},
		},
		Bound: bound, Floors: serving(30, 30),
		Proofs: []Proof{voterCounts(7, 3, 5), stillDown},
	},
}
