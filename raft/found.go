package raft

import "fmt"

// Found gives a node that belongs to no cluster yet the first membership of one:
// its own founding has come about. The log must be empty behind the snapshot, if
// there is one: a state that all the founders restored alike. ErrBadChange if the
// node has a membership, or entries, or the membership cannot be one. Who is added
// to a running cluster is never given one: the log brings it.
func (n *Node) Found(conf ConfState) error {
	if err := conf.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrBadChange, err)
	}
	if !n.conf.empty() || n.log.last() != n.snapshot.Index || n.installing != nil {
		return fmt.Errorf("%w: this node is part of a cluster already", ErrBadChange)
	}
	n.snapshot.Conf = conf.clone()
	n.confs = newConfLog(n.snapshot.Index, conf, nil)
	n.adoptConf()
	return nil
}
