package scenarios

import (
	"slices"
	"time"

	"raftkv/harness/fault"
)

// Profile says what schedules are drawn: how hard, and of which faults.
type Profile struct {
	Name string
	// Story is what it does, in a sentence.
	Story string
	// Families are what kinds are drawn from; none means all.
	Families []fault.Family
	// AtOnce is how many faults a round has at most.
	AtOnce int
	// QuorumLost is how many rounds of a hundred may take the quorum away, and
	// Stays how many runs of a hundred end with a minority left broken, which has
	// to go on serving, and is healed after that only.
	QuorumLost, Stays int
	// Breakable is how many runs of a hundred have their data on disks that can be
	// broken, where the driver and the host have such: the others could have few
	// faults of the disk family, and none of their syncs takes a detour.
	Breakable int
	// Rest is the pause before a round, Stagger that between two faults of one,
	// Hold how long they hold together.
	Rest, Stagger, Hold Between
	// Strength is how much of a parameter's range is used, from its least value
	// on: 1 is all of it.
	Strength float64
	// Flags of the nodes.
	Flags map[string]string
}

// small snapshots, often, so that nodes come back by them.
var small = map[string]string{"snapshot-entries": "200", "trailing-entries": "50"}

// general are the profiles that go through all families.
var general = []Profile{
	{
		Name: "gentle", Story: "One fault at a time, never a majority, with time to rest.",
		AtOnce: 1, Breakable: 30, Strength: 0.06,
		Rest: Between{time.Second, 2 * time.Second}, Hold: Between{2 * time.Second, 4 * time.Second},
	},
	{
		Name: "standard", Story: "Up to two faults at once; a quorum is always left.",
		AtOnce: 2, Stays: 25, Breakable: 30, Strength: 0.2,
		Rest:    Between{300 * time.Millisecond, 1500 * time.Millisecond},
		Stagger: Between{0, time.Second}, Hold: Between{1500 * time.Millisecond, 4 * time.Second},
	},
	{
		Name: "brutal", Story: "Up to four faults at once, in quick succession; now and then the quorum is lost.",
		AtOnce: 4, QuorumLost: 30, Stays: 33, Breakable: 50, Strength: 1, Flags: small,
		Stagger: Between{0, 800 * time.Millisecond}, Hold: Between{200 * time.Millisecond, 3 * time.Second},
	},
	{
		Name: "mixed", Story: "Up to three faults of all families at once.",
		AtOnce: 3, QuorumLost: 15, Stays: 33, Breakable: 50, Strength: 0.5, Flags: small,
		Rest:    Between{0, time.Second},
		Stagger: Between{0, time.Second}, Hold: Between{time.Second, 3 * time.Second},
	},
}

// Profiles are all there are: the general ones, then one for each family of
// faults.
func Profiles() []Profile {
	all := slices.Clone(general)
	for _, f := range families() {
		breakable := 0
		if f == fault.FamilyDisk {
			breakable = 100
		}
		all = append(all, Profile{
			Name: string(f), Story: "Up to two faults at once, of the " + string(f) + " family only.", Families: []fault.Family{f},
			AtOnce: 2, QuorumLost: 15, Stays: 25, Breakable: breakable, Strength: 0.5, Flags: small,
			Rest:    Between{300 * time.Millisecond, time.Second},
			Stagger: Between{0, time.Second}, Hold: Between{time.Second, 3 * time.Second},
		})
	}
	return all
}

// ProfileNamed finds a profile.
func ProfileNamed(name string) (Profile, bool) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// families are those of the kinds that there are, in the order of the kinds.
func families() []fault.Family {
	var all []fault.Family
	for _, k := range fault.Kinds() {
		if !slices.Contains(all, k.Family) {
			all = append(all, k.Family)
		}
	}
	return all
}

// families of a profile.
func (p Profile) families() []fault.Family {
	if len(p.Families) == 0 {
		return families()
	}
	return p.Families
}

// scenario is what a run of the profile promises, as a row of the table would.
func (p Profile) scenario() Scenario {
	return Scenario{
		Name: p.Name, Story: p.Story,
		Expect: "Clients whose nodes have a quorum are served, nobody else is; after each round a write and a read succeed within the bound, and nothing acknowledged is lost.",
		Flags:  p.Flags, Bound: bound, Floors: healthy,
	}
}
