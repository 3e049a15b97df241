package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"raftkv/harness/cluster"
)

// Spec is a fault as data: what a schedule holds, and what a replay builds the
// same fault from again. Roles are resolved: it names nodes.
type Spec struct {
	// Kind is the name of one of Kinds.
	Kind string `json:"kind"`
	// Targets are the nodes that it befalls. Where the order matters (chain,
	// bridge, split) it is Targets first and then Others.
	Targets []int `json:"targets,omitempty"`
	// Others are the rest of the cluster's nodes.
	Others []int `json:"others,omitempty"`
	// Leader is who led when the targets were chosen; 0 if nobody did.
	Leader int `json:"leader,omitempty"`
	// Parameters by name; one that is missing has its default.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// nodes are all nodes in the spec's order.
func (s Spec) nodes() []int { return slices.Concat(s.Targets, s.Others) }

// Family groups the kinds by what they touch. Two faults of FamilyNode or of
// FamilyDisk that hold on one node at the same time may undo each other;
// faults of links may overlap as they like, but for two PacketLoss of one node.
type Family string

// The families.
const (
	FamilyNode    Family = "node"
	FamilyLink    Family = "link"
	FamilyMember  Family = "member"
	FamilyDisk    Family = "disk"
	FamilyClock   Family = "clock"
	FamilyMessage Family = "message"
)

// Aim says which targets a kind takes.
type Aim string

const (
	// AimSome takes one target or several.
	AimSome Aim = "some"
	// AimOne takes exactly one.
	AimOne Aim = "one"
	// AimAll befalls every node, or every link; Targets may still give an order.
	AimAll Aim = "all"
)

// Harm says what a target cannot do while the fault holds. A schedule that is to
// keep a quorum counts the nodes that are not whole.
type Harm string

const (
	// HarmNone leaves every node able to serve: slower, or for a moment not.
	HarmNone Harm = "none"
	// HarmSlow leaves the targets running, but so slow or so disturbed that they
	// may lose leadership or fall behind.
	HarmSlow Harm = "slow"
	// HarmCut keeps the targets from their peers, or some peers from others.
	HarmCut Harm = "cut"
	// HarmDown keeps the targets from running.
	HarmDown Harm = "down"
)

// Kind is a sort of fault that can be built from data.
type Kind struct {
	Name   string
	Family Family
	// Words say in a line what it does.
	Words string
	Aim   Aim
	Harm  Harm
	// Least is how many nodes the cluster must have; 0 is any number.
	Least int
	// Needs are what must be there for it; without, it is skipped.
	Needs []Need
	// Parameters that it takes beside the targets.
	Parameters []Parameter
	// Build makes the fault; the spec is checked and has every parameter. Call
	// the package's Build, which sees to that.
	Build func(Spec) (Fault, error)
}

// ErrSpec means that a spec cannot be built: an unknown kind or parameter, a
// value that is not allowed, or targets that the kind does not take.
var ErrSpec = errors.New("no such fault")

// Kinds lists every kind, family by family, in a fixed order: a seed that chooses
// among them chooses the same next time.
func Kinds() []Kind { return slices.Clone(kinds()) }

// kinds makes the list once: a schedule's draw goes through it over and over.
var kinds = sync.OnceValue(func() []Kind {
	return slices.Concat(nodeKinds(), linkKinds(), memberKinds(), diskKinds(), testingKinds())
})

// KindNamed finds a kind.
func KindNamed(name string) (Kind, bool) {
	for _, k := range kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Build makes the fault that the spec describes. Its Inject looks first whether
// what the kind needs is there, and is skipped with the reason if not. An error
// is ErrSpec.
func Build(s Spec) (Fault, error) {
	k, ok := KindNamed(s.Kind)
	if !ok {
		return nil, fmt.Errorf("%w: there is no kind %q", ErrSpec, s.Kind)
	}
	if err := k.checkTargets(s); err != nil {
		return nil, err
	}
	var err error
	if s.Parameters, err = k.fill(s.Parameters); err != nil {
		return nil, err
	}
	f, err := k.Build(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSpec, k.Name, err)
	}
	return Needing(f, k.Needs...), nil
}

// checkTargets holds the targets against the kind's aim.
func (k Kind) checkTargets(s Spec) error {
	n := len(s.Targets)
	switch {
	case k.Aim == AimOne && n != 1:
		return fmt.Errorf("%w: %s takes one target, not %d", ErrSpec, k.Name, n)
	case k.Aim == AimSome && n == 0:
		return fmt.Errorf("%w: %s takes a target", ErrSpec, k.Name)
	case len(s.nodes()) < max(k.Least, 1):
		return fmt.Errorf("%w: %s takes %d nodes, not %d", ErrSpec, k.Name, max(k.Least, 1), len(s.nodes()))
	}
	return nil
}

// fill checks the parameters and adds the defaults of those that are missing.
func (k Kind) fill(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range k.Parameters {
		v, ok := given[p.Name]
		if !ok {
			v = p.Default
		}
		if err := p.check(v); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSpec, k.Name, err)
		}
		out[p.Name] = v
	}
	for name := range given {
		if _, ok := out[name]; !ok {
			return nil, fmt.Errorf("%w: %s takes no parameter %q", ErrSpec, k.Name, name)
		}
	}
	return out, nil
}

// Available says, with the reason in the error, which is ErrUnavailable, whether
// the kind can be had on the running cluster.
func (k Kind) Available(ctx context.Context, c cluster.Cluster) error {
	return missing(ctx, c, k.Needs)
}
