package fault

import (
	"slices"

	"raftkv/harness/link"
)

// linkKinds are the faults of the network.
func linkKinds() []Kind {
	return append(slices.Concat(cutKinds(), shapeKinds()), packetLossKind(), corruptKind())
}

// cutKinds are those in which messages do not pass.
func cutKinds() []Kind {
	leaderSide := Parameter{Name: "leader", Words: "the side that the leader is on", Default: "minority", Choices: []string{"minority", "majority"}}
	direction := Parameter{Name: "direction", Words: "of the messages that are cut", Default: "outgoing", Choices: []string{"outgoing", "incoming"}}
	period := Parameter{Name: "period", Words: "how long it holds and is gone", Default: "300ms", Least: "100ms", Most: "2s"}
	return []Kind{
		cutKind("isolate", AimSome, 2, "the targets cut from every peer, not from clients", func(s Spec) Fault { return Isolate(s.mode(), s.Targets...) }),
		cutKind("isolate-all", AimSome, 2, "the targets cut from peers and clients", func(s Spec) Fault { return IsolateFromAll(s.mode(), s.Targets...) }),
		cutKind("partition", AimSome, 2, "the targets on one side, the others on the other", func(s Spec) Fault { return Partition(s.mode(), s.Targets, s.Others) }),
		cutKind("split", AimAll, 3, "a minority against a majority", func(s Spec) Fault {
			return Split(s.mode(), s.Leader, s.Parameters["leader"], s.nodes()...)
		}, leaderSide),
		cutKind("halves", AimAll, 2, "two equal halves, the odd one alone: no quorum", func(s Spec) Fault { return Halves(s.mode(), s.nodes()...) }),
		cutKind("ring", AimAll, 4, "each node reaches a majority, no two the same", func(s Spec) Fault { return Ring(s.mode(), s.nodes()...) }),
		cutKind("bridge", AimOne, 3, "two halves that only the target reaches both of", func(s Spec) Fault {
			return Bridge(s.mode(), s.Targets[0], s.Others...)
		}),
		cutKind("chain", AimAll, 3, "each node reaches the next and the one before", func(s Spec) Fault { return Chain(s.mode(), s.nodes()...) }),
		cutKind("one-way", AimSome, 2, "what the targets send, or what is sent to them", oneWay, direction),
		cutKind("flapping", AimSome, 2, "the targets cut from every peer and back, over and over", func(s Spec) Fault {
			return Flap(Isolate(s.mode(), s.Targets...), duration(s.Parameters["period"]))
		}, period),
		cutKind("clients", AimSome, 1, "clients cut from the targets, which their peers reach", func(s Spec) Fault { return CutClients(s.mode(), s.Targets...) }),
	}
}

// cutKind is a kind that cuts links in one of the modes.
func cutKind(name string, aim Aim, least int, words string, build func(Spec) Fault, more ...Parameter) Kind {
	return Kind{
		Name: name, Family: FamilyLink, Words: words, Aim: aim, Harm: HarmCut, Least: least,
		Parameters: append([]Parameter{modeParameter()}, more...),
		Build:      func(s Spec) (Fault, error) { return build(s), nil },
	}
}

func oneWay(s Spec) Fault {
	if s.Parameters["direction"] == "outgoing" {
		return Outgoing(s.mode(), s.Targets...)
	}
	return Incoming(s.mode(), s.Targets...)
}

// shapeKinds are those in which messages pass, later. With no targets they
// befall every link there is.
func shapeKinds() []Kind {
	// No more than leaves the store's leader in office at its default timeouts.
	latency := Parameter{Name: "latency", Words: "of each direction", Default: "25ms", Least: "5ms", Most: "80ms"}
	jitter := Parameter{Name: "jitter", Words: "up or down from the latency", Default: "20ms", Least: "2ms", Most: "60ms"}
	rate := Parameter{Name: "rate", Words: "kilobytes a second, each direction", Default: "200", Least: "100", Most: "5000"}
	return []Kind{
		shapeKind("latency", "messages are delayed", latency),
		shapeKind("jitter", "messages are delayed by a time that varies", latency, jitter),
		shapeKind("bandwidth", "few bytes a second pass", rate),
		{Name: "reset", Family: FamilyLink, Words: "live connections are closed, once", Aim: AimAll, Harm: HarmNone,
			Parameters: []Parameter{whereParameter()},
			Build: func(s Spec) (Fault, error) {
				return Reset(s.where(), s.among), nil
			}},
	}
}

func shapeKind(name, words string, ps ...Parameter) Kind {
	return Kind{
		Name: name, Family: FamilyLink, Words: words, Aim: AimAll, Harm: HarmNone,
		Parameters: append([]Parameter{whereParameter()}, ps...),
		Build:      func(s Spec) (Fault, error) { return SlowLinks(s.shape(), s.where(), s.among), nil },
	}
}

// packetLossKind is below the links: single packets are lost, and sent again.
func packetLossKind() Kind {
	percent := Parameter{Name: "percent", Words: "of the packets, each way", Default: "20", Least: "1", Most: "90"}
	return Kind{
		Name: "packet-loss", Family: FamilyLink, Words: "some of the IP packets between the targets and their peers are dropped",
		Aim: AimSome, Harm: HarmSlow, Least: 2, Needs: []Need{canDropPackets()}, Parameters: []Parameter{percent},
		Build: func(s Spec) (Fault, error) {
			return PacketLoss(int(number(s.Parameters["percent"])), s.Targets...), nil
		},
	}
}

// shape reads what a kind has of latency, jitter and rate.
func (s Spec) shape() link.Shape {
	return link.Shape{
		Latency: duration(s.Parameters["latency"]), Jitter: duration(s.Parameters["jitter"]),
		BandwidthKBps: number(s.Parameters["rate"]),
	}
}

func whereParameter() Parameter {
	return Parameter{Name: "where", Words: "which links", Default: "peers", Choices: []string{"peers", "clients", "all"}}
}

// where says in words which links are among the spec's.
func (s Spec) where() string {
	words := s.Parameters["where"] + " links"
	if len(s.Targets) > 0 {
		words += " of " + names(s.Targets)
	}
	return words
}

// among picks the links that begin or end at a target, of those that "where"
// names; with no targets all of those.
func (s Spec) among(l *link.Link) bool {
	where, ofClients := s.Parameters["where"], l.From() == link.FromClients
	if where == "peers" && ofClients || where == "clients" && !ofClients {
		return false
	}
	return len(s.Targets) == 0 || slices.Contains(s.Targets, l.To()) || slices.Contains(s.Targets, l.From())
}
