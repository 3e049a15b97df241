package fault

import "raftkv/harness/link"

// linkKinds are the faults of the network.
func linkKinds() []Kind {
	cutting := []Parameter{modeParameter()}
	return []Kind{
		{Name: "isolate", Family: FamilyLink, Words: "the targets cut from every peer, not from clients", Aim: AimSome, Harm: HarmCut, Least: 2, Parameters: cutting,
			Build: func(s Spec) (Fault, error) { return Isolate(s.mode(), s.Targets...), nil }},
		{Name: "isolate-all", Family: FamilyLink, Words: "the targets cut from peers and clients", Aim: AimSome, Harm: HarmCut, Least: 2, Parameters: cutting,
			Build: func(s Spec) (Fault, error) { return IsolateFromAll(s.mode(), s.Targets...), nil }},
		{Name: "partition", Family: FamilyLink, Words: "the targets on one side, the others on the other", Aim: AimSome, Harm: HarmCut, Least: 2, Parameters: cutting,
			Build: func(s Spec) (Fault, error) { return Partition(s.mode(), s.Targets, s.Others), nil }},
		{Name: "one-way", Family: FamilyLink, Words: "what the targets send is lost, or what is sent to them", Aim: AimSome, Harm: HarmCut, Least: 2,
			Parameters: append(cutting, Parameter{Name: "direction", Words: "of the messages that are lost", Default: "outgoing", Choices: []string{"outgoing", "incoming"}}),
			Build:      buildOneWay},
		{Name: "latency", Family: FamilyLink, Words: "every link delayed, by a varying time", Aim: AimAll, Harm: HarmNone,
			Parameters: []Parameter{
				{Name: "latency", Words: "of each direction", Default: "25ms", Least: "5ms", Most: "500ms"},
				{Name: "jitter", Words: "up or down from it", Default: "10ms", Least: "0ms", Most: "500ms"},
			},
			Build: buildLatency},
	}
}

func buildOneWay(s Spec) (Fault, error) {
	if s.Parameters["direction"] == "outgoing" {
		return Outgoing(s.mode(), s.Targets...), nil
	}
	return Incoming(s.mode(), s.Targets...), nil
}

func buildLatency(s Spec) (Fault, error) {
	shape := link.Shape{Latency: duration(s.Parameters["latency"]), Jitter: duration(s.Parameters["jitter"])}
	return SlowLinks(shape, "every link", func(*link.Link) bool { return true }), nil
}
