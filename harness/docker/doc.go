// Package docker runs a cluster as containers through testcontainers-go and the
// engine's own client: one for Toxiproxy, and two a node. One of the two runs the
// node; the other stands for its machine and holds the network, so that killing a
// node is a process's death and not also the loss of its address. (To lose a
// machine silently, cut its links first.)
//
// A cluster has two networks. Nodes reach each other, and Toxiproxy reaches
// them, over an internal one on which every address is fixed: a proxy never
// looks up a name, because the lookup of a dead node's name may hang, and an
// address never moves when nodes start in another order. The other network
// carries only what is published on 127.0.0.1: the nodes' admin pages,
// Toxiproxy's API, and every proxy, so that the harness can probe the very
// proxy that a node uses. Published ports are fixed for the life of the cluster.
//
// Each node's data is on a volume of its own, which outlives kill and start.
// Everything is labelled with the run and with the program that made it; Start
// first removes what dead programs left, and Close removes what this one made.
//
// Images are made of one static program on nothing ("FROM scratch"), named after
// the program's hash on a registry that cannot exist, so that nothing is pulled.
// The nodes' may be given instead (Spec.Image), and is then the caller's to bring.
package docker
