// Package membership says who a member is: a node by its id and its incarnation,
// which is drawn when the node's data folder is made. To the engine both together
// are one id, so a node whose folder was emptied is somebody else: no vote, no
// acknowledgement and no promise of the old folder counts for the new one
// (nats-server#7038, etcd#12227, openraft#2002).
//
// It decides three things, each a pure function of what was heard:
//
//   - how a cluster is founded, once (founding.go);
//   - how a folder becomes part of a cluster that runs already (Founding.Invited);
//   - how a leader takes a member in again whose folder is new (replace.go).
//
// It has no clock, sends nothing and stores nothing: the caller passes greetings
// on (Hello) and makes records durable before anybody hears of them (Record).
package membership
