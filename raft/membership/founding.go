package membership

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Errors that say why a folder is not taken into a cluster.
var (
	// ErrIncarnation: who is meant is an earlier folder of this node.
	ErrIncarnation = errors.New("this node's folder is another one than the cluster knows")
	// ErrCluster: the folder belongs to another cluster, whatever its name.
	ErrCluster = errors.New("this node belongs to another cluster of that name")
	// ErrRestored: the folder holds a restored state, and only all the members of
	// that restore together may begin with it.
	ErrRestored = errors.New("this node's folder holds a restored state of its own: empty it, and the cluster gives it the data")
	// ErrOlderCopy: the cluster counts this very folder among its voters, and the
	// folder knows nothing of that.
	ErrOlderCopy = errors.New("this node's folder is an older copy of a voter's: empty it, and the cluster takes the node in again")
)

// Founding is one node's part in the founding of its cluster.
//
// The founder with the lowest id coordinates. It waits until every founder has
// said that its folder is Empty, names the set of their incarnations (Accepted,
// in its own record), and founds the cluster once each of them has accepted that
// very set. The others accept what the coordinator names, and are members as soon
// as anybody says that the cluster exists.
//
// Why it happens once. A cluster exists when its coordinator's record says
// Member. Before that every founder had stored the set. So whoever founds another
// cluster of this kind later needs the word of each founder that it is Empty or
// has accepted from this same coordinator's folder; that folder says Member, so
// it names no other set; and of founders whose folders were emptied since, any
// one that was not, the coordinator or another, remembers the set or the cluster
// and is no longer Empty. Only where all of them were emptied does nobody know.
//
// A folder that accepted, and whose coordinator's folder was emptied before the
// end, stays as it is: nobody knows whether the cluster came to be. Why says so.
//
// The zero value is not usable. One goroutine owns it.
type Founding struct {
	name     string
	node     uint64
	founders []uint64 // nodes' ids, ascending; none on a node that waits to be added
	record   Record
	heard    map[uint64]Hello
}

// NewFounding begins from what the folder says. founders are the nodes that found
// the cluster by this node's flags, none if it waits to be added.
func NewFounding(name string, node uint64, founders []uint64, r Record) *Founding {
	return &Founding{name: name, node: node, founders: slices.Sorted(slices.Values(founders)), record: r, heard: map[uint64]Hello{}}
}

// Record is what is stored.
func (f *Founding) Record() Record { return f.record }

// Hello is what this node says of itself.
func (f *Founding) Hello() Hello { return Hello{Node: f.node, Record: f.record} }

// ID is this node's id for the engine.
func (f *Founding) ID() uint64 { return ID(f.node, f.record.Incarnation) }

// Hear takes another node's word. The last one counts.
func (f *Founding) Hear(h Hello) {
	if h.Node != f.node && h.Node != 0 && len(f.heard) <= MaxNode {
		f.heard[h.Node] = h
	}
}

// Stored says that a record which Next or Invited gave is durable.
func (f *Founding) Stored(r Record) { f.record = r }

// Next is the record to store next, if anything follows from what was heard.
func (f *Founding) Next() (Record, bool) {
	switch {
	case f.record.Phase == Member || len(f.founders) == 0:
		return f.record, false
	case f.someoneKnows():
		r := f.record
		r.Phase = Member
		return r, true
	case f.clusterRuns() != 0:
		return f.record, false
	case f.founders[0] == f.node:
		return f.coordinate()
	}
	return f.accept()
}

// someoneKnows says that the founding which this node accepted came about. The
// identity commits to all the founders, so it cannot be another one.
func (f *Founding) someoneKnows() bool {
	if f.record.Phase != Accepted {
		return false
	}
	for _, h := range f.heard {
		if h.Phase == Member && h.Cluster == f.record.Cluster {
			return true
		}
	}
	return false
}

// clusterRuns is a node that belongs to a cluster of this name already, without
// this folder; 0 if none was heard.
func (f *Founding) clusterRuns() uint64 {
	for _, node := range slices.Sorted(maps.Keys(f.heard)) {
		if f.heard[node].Phase == Member {
			return node
		}
	}
	return 0
}

func (f *Founding) coordinate() (Record, bool) {
	set, accepted := []uint64{f.ID()}, true
	for _, node := range f.founders[1:] {
		h, ok := f.heard[node]
		if !ok || !f.ready(h) {
			return f.record, false
		}
		set = append(set, h.ID())
	}
	slices.Sort(set)
	next := f.record
	next.Phase, next.Founders = Accepted, set
	next.Cluster = Identity(f.name, f.record.Origin, set)
	if !next.Equal(f.record) {
		return next, true
	}
	for _, node := range f.founders[1:] {
		h := f.heard[node]
		accepted = accepted && h.Phase == Accepted && h.Cluster == f.record.Cluster
	}
	next.Phase = Member
	return next, accepted
}

// ready says that a founder has promised nothing but to this very folder.
func (f *Founding) ready(h Hello) bool {
	if h.Origin != f.record.Origin {
		return false
	}
	return h.Phase == Empty || h.Phase == Accepted && slices.Contains(h.Founders, f.ID())
}

func (f *Founding) accept() (Record, bool) {
	h, ok := f.heard[f.founders[0]]
	if !ok || f.objection(h) != "" {
		return f.record, false
	}
	next := f.record
	next.Phase, next.Cluster, next.Founders = Accepted, h.Cluster, h.Founders
	return next, !next.Equal(f.record)
}

// objection is why this node does not take part in what the coordinator names;
// empty if it does.
func (f *Founding) objection(h Hello) string {
	switch {
	case h.Origin != f.record.Origin:
		return fmt.Sprintf("node %d and this one were not restored from the same snapshot for the same members", h.Node)
	case f.record.Phase == Accepted && !slices.Contains(f.record.Founders, h.ID()):
		return fmt.Sprintf("node %d's folder was emptied while the cluster was being founded, and nobody knows how far that came: "+
			"if this cluster never served, empty the folders of all its nodes", h.Node)
	case h.Phase != Accepted:
		return fmt.Sprintf("node %d waits for the others", h.Node)
	case !slices.Equal(Nodes(h.Founders), f.founders):
		return fmt.Sprintf("node %d founds a cluster of %s, and this node's flags name %s", h.Node, list(Nodes(h.Founders)), list(f.founders))
	case !slices.Contains(h.Founders, f.ID()) || h.Cluster != Identity(f.name, h.Origin, h.Founders):
		return fmt.Sprintf("node %d has not heard of this folder yet", h.Node)
	}
	return ""
}

// Invited is the record of a folder that a member of a cluster counts as a member
// too, for it dialled this node by the id of this folder; learner says that it has
// no vote yet. The error says why the folder does not follow.
func (f *Founding) Invited(cluster, to uint64, learner bool) (Record, error) {
	r := f.record
	switch {
	case r.Phase == Member:
		return r, f.Hello().Admits(cluster, to)
	case to != f.ID():
		return r, ErrIncarnation
	case r.Phase == Accepted && r.Cluster == cluster:
		r.Phase = Member
		return r, nil
	case r.Origin != 0:
		return r, ErrRestored
	case !learner:
		return r, ErrOlderCopy
	}
	r.Phase, r.Cluster, r.Founders = Member, cluster, nil
	return r, nil
}

// Why says in one line what this node waits for; empty for a member.
func (f *Founding) Why() string {
	if f.record.Phase == Member {
		return ""
	}
	if node := f.clusterRuns(); node != 0 && !f.someoneKnows() {
		if f.record.Origin != 0 {
			return fmt.Sprintf("node %d runs in this cluster, and this folder's restored state is no part of it: empty the folder and start again", node)
		}
		return fmt.Sprintf("node %d runs in this cluster, and this node's folder is new: it waits until the leader takes it in, and counts as nothing till then", node)
	}
	if len(f.founders) == 0 {
		return "this node waits to be added: raftkv member add"
	}
	return "the cluster is not founded yet: " + f.missing()
}

// missing says what keeps the founding from going on.
func (f *Founding) missing() string {
	var silent []uint64
	for _, node := range f.founders {
		h, ok := f.heard[node]
		switch {
		case node == f.node:
		case !ok:
			silent = append(silent, node)
		case node == f.founders[0] && f.objection(h) != "":
			return f.objection(h)
		case f.founders[0] == f.node && !f.ready(h):
			return f.unready(h)
		}
	}
	if len(silent) > 0 {
		return fmt.Sprintf("every founder has to say that its folder never held anything, and nothing was heard of %s", list(silent))
	}
	return "waiting for the others to agree"
}

func (f *Founding) unready(h Hello) string {
	if h.Origin != f.record.Origin {
		return fmt.Sprintf("node %d and this one were not restored from the same snapshot for the same members; restore every member from the same file", h.Node)
	}
	return fmt.Sprintf("node %d began to found the cluster with an earlier folder of this node: "+
		"if this cluster never served, empty the folders of all its nodes", h.Node)
}

func list(nodes []uint64) string {
	words := make([]string, len(nodes))
	for i, n := range nodes {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, ", ")
}

// Admits says whether a stream that begins so comes from this node's cluster and
// means this folder: ErrIncarnation or ErrCluster if not. h is a member.
func (h Hello) Admits(cluster, to uint64) error {
	switch {
	case to != h.ID():
		return ErrIncarnation
	case cluster != h.Cluster:
		return ErrCluster
	}
	return nil
}
