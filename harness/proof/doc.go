// Package proof holds what the harness can show for a thing it did.
//
// Every change to a cluster (a node killed, a link cut, a heal) ends in an
// Evidence: what was tried, on what, whether it was seen to take effect, and
// how that was seen. The rule all over the harness is that an error comes back
// exactly when the outcome is Failed; Indeterminate comes with a nil error.
//
// The package does nothing by itself and depends on the standard library only.
package proof
