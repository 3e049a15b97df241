// Package fault holds what can be done to a cluster, one fault a file, as
// values that are injected and healed. It is the harness's nemesis.
//
// A fault is built with the nodes it hits already chosen: who leads is decided
// by the caller at the moment of firing (package cluster has the helpers).
// Inject and Heal come back only when the effect was proved, or say why it
// could not be; see package proof. All makes one fault of several.
//
// A node that is silently lost is cut off first and killed after:
// All("machine loss", IsolateFromAll(link.ModeDrop, id), Kill(id)).
//
// The package schedules nothing and draws no random numbers.
package fault
