package scenarios

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"raftkv/harness/fault"
	"raftkv/harness/run"
)

const (
	// defaultNodes is how many nodes a drawn schedule is for.
	defaultNodes = 5
	// perStep and perRound are what injecting, healing and recovering take, for
	// the forecast.
	perStep, perRound = 700 * time.Millisecond, time.Second
	// changing is the kind that makes its targets the voters, for good.
	changing = "members"
)

// generator draws the steps of a schedule. Each choice has a random source of
// its own, made of the seed and of where the choice stands, so that a kind which
// cannot be had here changes the steps that would have been of that kind, and
// those of its round that depend on them, and no other.
type generator struct {
	p      Profile
	seed   int64
	usable func(fault.Kind) bool
	nodes  int
	// voters is how many there are by now.
	voters int
	steps  []run.Step
}

// Generate draws the steps of a profile for about the given time: the same seed,
// profile, time and usable kinds give the same steps. None if no kind is usable.
func Generate(p Profile, seed int64, length time.Duration, usable func(fault.Kind) bool) []run.Step {
	g := &generator{p: p, seed: seed, usable: usable, nodes: defaultNodes, voters: defaultNodes}
	stays := g.source(0, drawStays).IntN(100) < p.Stays
	if stays {
		length -= g.p.Hold.Max + perRound
	}
	if !slices.ContainsFunc(fault.Kinds(), g.has) {
		return nil
	}
	round, used := 1, time.Duration(0)
	for ; round == 1 || used < length; round++ {
		used += g.round(round, false)
	}
	if stays {
		g.round(round, true)
	}
	return g.steps
}

// source is the random source of one kind of choice at one place.
func (g *generator) source(place, what int) *rand.Rand { return source(g.seed, g.p.Name, place, what) }

// draft is a round that is being drawn.
type draft struct {
	steps []run.Step
	kinds []fault.Kind
	// left is how many more nodes may be harmed; free how many no step has;
	// minority how many of any voters are one.
	left, free, minority int
	nodes                int // of the cluster
	// voting is how many nodes the round makes voters: so many have to be free of
	// faults that come before that.
	voting int
	// lossy rounds may lose the quorum, last ones are those that stay.
	lossy, last bool
	// whole is set while every node votes.
	whole    bool
	beheaded bool // a step takes the leader away
}

// round draws a round and gives its forecast.
func (g *generator) round(n int, last bool) time.Duration {
	r := g.source(n, drawRound)
	lossy, steps := !last && r.IntN(100) < g.p.QuorumLost, 1+r.IntN(g.p.AtOnce)
	d := g.draft(n, steps, lossy, last)
	if len(d.steps) == 0 { // nothing that takes a quorum away can be had
		d = g.draft(n, steps, false, last)
	}
	d.sort()
	hold, total := g.p.Hold.draw(r), perRound
	for i := range d.steps {
		d.steps[i].After = g.pause(r, i)
		d.steps[i].Hold = hold
		total += perStep + d.steps[i].After
	}
	g.steps = append(g.steps, d.numbered(len(g.steps))...)
	return total + hold
}

// draft draws the steps of a round.
func (g *generator) draft(n, steps int, lossy, last bool) *draft {
	d := &draft{left: (g.voters - 1) / 2, free: g.nodes, nodes: g.nodes, lossy: lossy, last: last, whole: g.voters == g.nodes}
	d.minority = d.left
	if lossy {
		d.left = g.nodes
	}
	for k := range steps {
		g.step(d, n, g.source(n*16+k, drawStep))
	}
	return d
}

// has tells whether the profile can draw a kind.
func (g *generator) has(k fault.Kind) bool {
	return slices.Contains(g.p.families(), k.Family) && g.usable(k)
}

// pause is the rest before a round's first step, or the stagger before another.
func (g *generator) pause(r *rand.Rand, i int) time.Duration {
	if i == 0 {
		return g.p.Rest.draw(r)
	}
	return g.p.Stagger.draw(r)
}

// step draws one more step of a round, if any kind fits.
func (g *generator) step(d *draft, round int, r *rand.Rand) {
	k, ok := g.kind(d, r)
	if !ok {
		return
	}
	s := run.Step{Round: round, Kind: k.Name, Stays: d.last}
	s.Role, s.Count = d.aim(k, r)
	for _, p := range k.Parameters {
		fraction := r.Float64()
		if len(p.Choices) == 0 {
			fraction *= g.p.Strength
		}
		if s.Parameters == nil {
			s.Parameters = map[string]string{}
		}
		s.Parameters[p.Name] = p.Value(fraction)
	}
	s.Name = stepName(s)
	if k.Name == changing {
		d.voting = s.Count
		d.minority = min(d.minority, (s.Count-1)/2)
		d.left = min(d.left, d.minority)
		g.voters = s.Count
	}
	d.add(s, k)
}

// kind draws a family, then a kind of it; and another, as long as it does not
// fit.
func (g *generator) kind(d *draft, r *rand.Rand) (fault.Kind, bool) {
	families, kinds := g.p.families(), fault.Kinds()
	for _, f := range r.Perm(len(families)) {
		for _, k := range r.Perm(len(kinds)) {
			kind := kinds[k]
			if kind.Family == families[f] && g.has(kind) && d.fits(kind) {
				return kind, true
			}
		}
	}
	return fault.Kind{}, false
}

// fits tells whether the round has room for a kind.
func (d *draft) fits(k fault.Kind) bool {
	switch {
	case d.free == 0 || slices.ContainsFunc(d.kinds, func(other fault.Kind) bool { return exclude(k, other) }):
		return false
	case early(k) && d.free <= d.voting:
		return false
	case rolling(k) && !d.whole: // it waits for each node to have what is committed
		return false
	case d.last:
		return lasting(k.Name) && d.left > 0
	case k.Name == emptying:
		return !d.lossy && !d.last && len(d.steps) == 0 && d.left > 0
	case slices.Contains(writing, k.Name):
		return !d.lossy && len(d.steps) == 0 && d.left > 0
	case k.Name == changing:
		return !d.lossy && d.free >= 3
	case rough(k) && k.Harm != fault.HarmNone:
		return d.lossy || len(d.steps) == 0
	case k.Family == fault.FamilyMember:
		return !d.lossy && d.left > 0
	default:
		return !weakens(k) || d.left > 0
	}
}

// exclude tells whether two faults cannot be in one round. Two of one node may
// undo each other, and so one that befalls all nodes is alone among them. A
// change of members or of the leader waits for the one before, and needs a cluster
// that answers: beside a fault that may keep it from that it would prove nothing.
func exclude(a, b fault.Kind) bool {
	whole := a.Aim == fault.AimAll || b.Aim == fault.AimAll
	switch {
	case rolling(a) || rolling(b), a.Name == damaging && b.Name == damaging, a.Name == emptying || b.Name == emptying:
		return true
	case a.Family == fault.FamilyMember || b.Family == fault.FamilyMember:
		return a.Family == b.Family || rough(a) || rough(b)
	case ofNodes(a) && ofNodes(b):
		return whole
	case a.Name == resetting || b.Name == resetting:
		return a.Family == b.Family
	case a.Family == fault.FamilyLink && a.Family == b.Family && a.Harm != b.Harm:
		return true // Toxiproxy waits for ever to take a delay off what a cut holds
	default:
		return a.Name == b.Name && whole
	}
}

// early tells whether a fault of some nodes is injected before voters are made: see
// sort.
func early(k fault.Kind) bool { return k.Family == fault.FamilyLink && k.Aim != fault.AimAll }

// damaging is the kind that spoils what was synced: no store survives that on too
// many disks, so one node at a time has it.
const damaging = "bit-flip"

// emptying is the kind that takes a folder away: the node counts as nothing until
// the others, all of them, have taken it in again. So it is alone in its round.
const emptying = "wipe"

// writing are the kinds that are proved by a write of the node itself: beside what
// may keep the cluster from committing there would be none.
var writing = []string{"fsync-eio", "disk-full", "torn-write", "slow-fsync"}

// resetting is the kind that closes live connections: a link that is cut has none.
const resetting = "reset"

// rolling tells whether a kind goes through all nodes and waits for a healthy
// cluster in between: nothing else may hold then.
func rolling(k fault.Kind) bool {
	return ofNodes(k) && k.Aim == fault.AimAll && k.Harm == fault.HarmNone && k.Family == fault.FamilyNode
}

// ofNodes tells whether a kind is about what a node's process has or does.
func ofNodes(k fault.Kind) bool {
	return k.Family != fault.FamilyLink && k.Family != fault.FamilyMember
}

// rough tells whether the cluster may be unable to serve while a fault of the
// kind holds, though no majority of its nodes is surely out.
func rough(k fault.Kind) bool {
	return k.Aim == fault.AimAll || k.Harm != fault.HarmNone && !lasting(k.Name)
}

// aim draws whom a step befalls.
func (d *draft) aim(k fault.Kind, r *rand.Rand) (role string, count int) {
	role = string([]Target{Leader, Leader, Follower, Anyone}[r.IntN(4)])
	if k.Name == transferring {
		role = string(Follower) // the leader would have nothing to do
	}
	if role == string(Leader) && d.beheaded && k.Family == fault.FamilyNode && r.IntN(2) == 0 {
		role = string(Elected)
	}
	switch {
	case k.Aim == fault.AimAll:
		return string(Everybody), 0
	case k.Name == changing:
		return string(Anyone), d.votersNext(3 + 2*r.IntN((d.free-1)/2))
	case k.Aim == fault.AimOne || k.Harm == fault.HarmNone:
		return role, 1
	}
	most := d.left
	if early(k) {
		most = min(most, d.free-d.voting)
	}
	if k.Harm == fault.HarmCut { // the targets have to be the smaller side
		most = min(most, d.minority)
	}
	return role, 1 + r.IntN(min(most, d.free))
}

// votersNext is how many nodes to make voters: all of them only if some do not vote
// now, or nothing would change.
func (d *draft) votersNext(drawn int) int {
	if d.whole && drawn == d.nodes {
		return 3
	}
	return drawn
}

// add takes a step into the round, and counts what it harms.
func (d *draft) add(s run.Step, k fault.Kind) {
	d.steps, d.kinds = append(d.steps, s), append(d.kinds, k)
	if k.Aim != fault.AimAll && k.Name != changing {
		d.free -= s.Count
	}
	switch {
	case rough(k) && k.Harm != fault.HarmNone && !d.lossy:
		d.left = 0
	case k.Aim == fault.AimAll:
	case weakens(k):
		d.left -= min(d.left, s.Count)
		d.beheaded = d.beheaded || s.Role == string(Leader) && lasting(k.Name) && !d.lossy
	}
}

// sort puts faults of links first, so that they are proved while every node can
// answer, and those of nodes last.
func (d *draft) sort() {
	order := map[fault.Family]int{fault.FamilyLink: -1, fault.FamilyNode: 1}
	rank := func(s run.Step) int {
		k, _ := fault.KindNamed(s.Kind)
		if s.Role == string(Elected) {
			return 2 // after the one that takes the leader away
		}
		return order[k.Family]
	}
	slices.SortStableFunc(d.steps, func(a, b run.Step) int { return rank(a) - rank(b) })
}

// numbered gives the steps their places.
func (d *draft) numbered(from int) []run.Step {
	for i := range d.steps {
		d.steps[i].Number = from + i
	}
	return d.steps
}

// weakens tells whether a quorum may have to do without the targets of a kind:
// they are harmed, or so slow or odd that nobody can count on them.
func weakens(k fault.Kind) bool {
	odd := []fault.Family{fault.FamilyClock, fault.FamilyMessage, fault.FamilyDisk}
	return k.Harm != fault.HarmNone || slices.Contains(odd, k.Family) || k.Name == "slow-cpu"
}

// lasting tells whether a kind takes its targets out all the time it holds: such
// targets cannot serve, and a leader among them is replaced. The other kinds may
// come and go, or do less.
func lasting(kind string) bool { return cuts(kind) || downs(kind) }

// cuts are the kinds whose targets reach no quorum while clients reach them.
func cuts(kind string) bool {
	return slices.Contains([]string{"isolate", "isolate-all", "partition", "one-way"}, kind)
}

// downs are the kinds whose targets do not run.
func downs(kind string) bool {
	return slices.Contains([]string{"kill", "stop", "pause", "power-loss", emptying}, kind)
}

// stepName says what is done to whom, before anyone knows who that is.
func stepName(s run.Step) string {
	switch {
	case s.Count == 0:
		return s.Kind + " " + s.Role
	case s.Kind == changing:
		return fmt.Sprintf("make %d nodes the voters", s.Count)
	case s.Count == 1:
		return fmt.Sprintf("%s %s", s.Kind, Target(s.Role).one())
	case s.Role == string(Leader) || s.Role == string(Elected):
		return fmt.Sprintf("%s %s and %d more", s.Kind, Target(s.Role).one(), s.Count-1)
	default:
		return fmt.Sprintf("%s %d %s", s.Kind, s.Count, Target(s.Role).many())
	}
}
