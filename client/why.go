package client

import (
	"context"
	"fmt"
	"strings"
)

// maxReasons bounds how many addresses an error speaks of.
const maxReasons = 6

// noAnswer is said of a node that was asked and kept silent.
const noAnswer = "no answer"

// word is what came of asking a node: what it said, or why it said nothing.
type word struct {
	role          string
	leader        uint64
	leaderAddress string
	why           string
}

// whyNone says why there is no leader: because no node answers, because those
// that do know none, or because the one they know cannot be reached. It tells
// what each address said.
func (r *router) whyNone() error {
	base, reasons := ErrUnavailable, []string{}
	for _, l := range r.all() {
		w := l.said.Load()
		if w == nil || l.member != 0 { // the latter are told of by who named them
			continue
		}
		reasons = append(reasons, r.tell(l, w))
		switch {
		case w.why != "":
		case w.leader != 0 && w.role != "leader":
			base = ErrLeaderUnreached
		case base == ErrUnavailable:
			base = ErrNoLeader
		}
	}
	if more := len(reasons) - maxReasons; more > 0 {
		reasons = append(reasons[:maxReasons], fmt.Sprintf("and %d more", more))
	}
	if len(reasons) == 0 {
		return base
	}
	return fmt.Errorf("%w: %s", base, strings.Join(reasons, "; "))
}

// tell puts what came of asking l into words.
func (r *router) tell(l *link, w *word) string {
	switch {
	case w.why != "":
		return l.address + ": " + w.why
	case w.role == "leader":
		return fmt.Sprintf("%s (node %d) led", l.address, l.id.Load())
	case w.leader == 0:
		return fmt.Sprintf("%s (node %d, %s) knows no leader", l.address, l.id.Load(), w.role)
	}
	return fmt.Sprintf("%s (node %d) follows node %d%s", l.address, l.id.Load(), w.leader, r.wayTo(w.leader, w.leaderAddress))
}

// wayTo says why a node that others follow is not reached.
func (r *router) wayTo(id uint64, address string) string {
	switch {
	case r.listed(id):
		return "" // its own address is told of
	case r.cfg.OnlyNodes:
		return ", which is none of the given addresses"
	case address == "":
		return ", whose address it does not know"
	case !dialable(address):
		return fmt.Sprintf(", which advertises %s: no address for others", address)
	}
	why := noAnswer
	for _, l := range r.all() {
		if w := l.said.Load(); w != nil && l.address == address && w.why != "" {
			why = w.why
		}
	}
	return fmt.Sprintf(", whose address %s does not answer (%s)", address, why)
}

// listed says whether a given address leads to the node.
func (r *router) listed(id uint64) bool {
	for _, l := range r.all() {
		if l.member == 0 && l.id.Load() == id {
			return true
		}
	}
	return false
}

// reasonOf gives the heart of a gRPC error: "connection refused" without the
// layers that pass it on. That gRPC closed the connection itself, because nobody
// answered, comes as its own closing.
func reasonOf(err error) string {
	s := oneLine(err)
	for _, layer := range []string{"Error while dialing: ", "dial tcp: ", "connect: "} {
		if _, rest, ok := strings.Cut(s, layer); ok {
			s = strings.TrimSuffix(rest, `"`)
		}
	}
	if s == context.DeadlineExceeded.Error() || strings.HasSuffix(s, "i/o timeout") || strings.HasSuffix(s, `use of closed network connection"`) {
		return noAnswer
	}
	return s
}
