package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"raftkv/history"
)

// clients is the sender of the clients' links, in a name.
const clients = "c"

// arrow is a directed link between two names.
type arrow struct{ from, to string }

func arrowOf(s history.LinkSpan) arrow { return arrow{cmp.Or(s.Sender, clients), s.Receiver} }

// arrows is a set of links, to be given a short name.
type arrows map[arrow]bool

// String names the set by who is cut from whom: "1, 2 ⇄ 3, 4, 5" is twelve links.
// Ends that have the same links are named together.
func (s arrows) String() string {
	groups := s.groups()
	var parts []string
	for i, a := range groups {
		if part := s.within(a); part != "" {
			parts = append(parts, part)
		}
		for _, b := range groups[i+1:] {
			if part := s.between(a, b); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, "; ")
}

// groups sorts the ends of all links by the links that they have. Within one
// group, and from one to another, there are then all links or none.
func (s arrows) groups() [][]string {
	var groups [][]string
	for _, end := range s.ends() {
		i := slices.IndexFunc(groups, func(g []string) bool { return s.alike(g[0], end) })
		if i < 0 {
			groups = append(groups, []string{end})
			continue
		}
		groups[i] = append(groups[i], end)
	}
	return groups
}

func (s arrows) ends() []string {
	var all []string
	for a := range s {
		all = append(all, a.from, a.to)
	}
	slices.SortFunc(all, byNumber)
	return slices.Compact(all)
}

// alike tells whether two ends could change places.
func (s arrows) alike(a, b string) bool {
	if s[arrow{a, b}] != s[arrow{b, a}] {
		return false
	}
	return !slices.ContainsFunc(s.ends(), func(c string) bool {
		return c != a && c != b && (s[arrow{a, c}] != s[arrow{b, c}] || s[arrow{c, a}] != s[arrow{c, b}])
	})
}

func (s arrows) within(group []string) string {
	switch {
	case len(group) < 2 || !s[arrow{group[0], group[1]}]:
		return ""
	case len(group) == 2:
		return group[0] + "⇄" + group[1]
	}
	return "all among " + strings.Join(group, ", ")
}

func (s arrows) between(a, b []string) string {
	there, back, sign := s[arrow{a[0], b[0]}], s[arrow{b[0], a[0]}], "→"
	switch {
	case !there && !back:
		return ""
	case there && back:
		sign = "⇄"
	case back:
		a, b = b, a
	}
	if len(a)+len(b) > 2 {
		sign = " " + sign + " "
	}
	return fmt.Sprint(strings.Join(a, ", "), sign, strings.Join(b, ", "))
}

// byNumber orders the names of nodes, which are numbers.
func byNumber(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
