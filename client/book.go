package client

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"

	apiv1 "raftkv/client/api/v1"
)

const (
	// maxBook bounds how many advertised addresses are kept.
	maxBook = 64
	// membersEvery is how often the list of members is asked for at most.
	membersEvery = 250 * time.Millisecond
)

// book is what members advertise: where to look for a leader that none of
// Config.Nodes leads to. The router's lock guards it.
type book struct {
	cluster string            // the one that Config.Nodes belong to; empty until one has told
	at      map[uint64]string // by node id
	asked   time.Time         // when the list of members was last asked for
}

// believes says whether st may come from the node that l is to lead to. An
// advertised address may mean another machine here: one that is somebody else, or
// of another cluster, is not listened to.
func (r *router) believes(l *link, st *apiv1.StatusResponse) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.member == 0 || (st.GetId() == l.member && st.GetCluster() == r.book.cluster) {
		return true
	}
	l.suspect.Store(true)
	l.id.Store(0)
	l.said.Store(&word{why: "another node answers there"})
	return false
}

// noteLocked takes from l's status what it tells of addresses, and sees to it
// that the list of members is asked for while that may help.
func (r *router) noteLocked(l *link, st *apiv1.StatusResponse) {
	if r.cfg.OnlyNodes {
		return
	}
	if r.book.cluster == "" {
		r.book.cluster = st.GetCluster()
	}
	r.book.note(st.GetLeaderId(), st.GetLeaderAddress())
	if now := time.Now(); now.Sub(r.book.asked) >= membersEvery && r.spawnLocked(func() { r.askMembers(l) }) {
		r.book.asked = now
	}
}

func (b *book) note(id uint64, address string) {
	if b.at == nil {
		b.at = map[uint64]string{}
	}
	if id != 0 && dialable(address) && len(b.at) < maxBook {
		b.at[id] = address
	}
}

// dialable says whether an advertised address can mean anything to somebody else:
// 0.0.0.0 is where a node listens, and no place to go to.
func dialable(address string) bool {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && host != "" && port != "" && port != "0" && (ip == nil || !ip.IsUnspecified())
}

// askMembers fills the book from l's list of members. A node that knows a leader
// knows who is none any more; what others tell is only added.
func (r *router) askMembers(l *link) {
	ctx, cancel := context.WithTimeout(r.ctx, askTimeout)
	defer cancel()
	p, err := apiv1.NewAdminClient(l.conn()).MemberList(ctx, &apiv1.MemberListRequest{})
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.GetLeaderId() != 0 && len(p.GetMembers()) > 0 {
		clear(r.book.at)
	}
	for _, m := range p.GetMembers() {
		r.book.note(m.GetId(), m.GetClientAddress())
	}
}

// extend opens links to advertised addresses while there is no leader. The list
// that was given comes first: nothing is opened before each of its addresses has
// answered or failed to, nor for a node that one of them leads to.
func (r *router) extend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cfg.OnlyNodes || r.closed || r.leader.Load() != nil || !r.settledLocked() {
		return
	}
	r.retireLocked()
	for _, id := range slices.Sorted(maps.Keys(r.book.at)) {
		if address := r.book.at[id]; !r.leadsToLocked(id, address) {
			if l, err := newLink(r.ctx, r, address, id); err == nil {
				r.links = append(r.links, l)
			}
		}
	}
}

// settledLocked says whether every given address was heard of once.
func (r *router) settledLocked() bool {
	return !slices.ContainsFunc(r.links, func(l *link) bool { return l.member == 0 && l.said.Load() == nil })
}

// leadsToLocked says whether some link is the way to this node already.
func (r *router) leadsToLocked(id uint64, address string) bool {
	return slices.ContainsFunc(r.links, func(l *link) bool {
		return l.address == address || (l.member == 0 && l.id.Load() == id)
	})
}

// retireLocked gives up links to addresses that nobody advertises any more.
func (r *router) retireLocked() {
	r.links = slices.DeleteFunc(slices.Clone(r.links), func(l *link) bool {
		stale := l.member != 0 && r.book.at[l.member] != l.address && l.suspect.Load()
		return stale && r.spawnLocked(l.close)
	})
}
