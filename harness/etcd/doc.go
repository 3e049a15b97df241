// Package etcd puts etcd in RaftKV's place: the same scenarios, faults, links
// and judge, with another store under them.
//
// Store is the client: etcd's own, behind the interface that the workload's
// clients use. The program in etcdnode is the node: the etcd server as a
// library, started by the flags that the harness gives to every node, with the
// admin pages that it asks. That is all there is to testing a store of one's
// own; docs/HARNESS.md goes through it.
//
// It is a module of its own so that etcd's modules stay out of the store's. It
// does not test etcd's watches, leases, authentication or changes of members.
package etcd
