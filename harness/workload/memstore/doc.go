// Package memstore is a store in memory for tests of the harness: linearizable
// unless a test makes it lie or fail. It takes the place of a whole cluster
// behind workload.Dialer. Nothing but tests imports it.
package memstore
