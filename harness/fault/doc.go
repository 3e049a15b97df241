// Package fault holds what can be done to a cluster, one fault a file, as
// values that are injected and healed. It is the harness's nemesis.
//
// A fault is built with the nodes it hits already chosen: who leads is decided
// by the caller at the moment of firing (package cluster has the helpers).
// Inject and Heal come back only when the effect was proved, or say why it
// could not be; see package proof. All makes one fault of several.
//
// Build makes a fault from data, a Spec; Kinds lists what can be built. A fault
// that needs something of the machine, the driver or the node's build looks for
// it first and is skipped, with the reason, where that is missing.
//
// Goroutines: one for each fault that goes on by itself, Flap and Rolling, from
// the inject until the heal.
//
// A node that is silently lost is cut off first and killed after:
// All("machine loss", IsolateFromAll(link.ModeDrop, id), Kill(id)).
//
// The package schedules nothing and draws no random numbers.
package fault
