package fault

// nodeKinds are the faults of a node's process.
func nodeKinds() []Kind {
	percent := Parameter{Name: "percent", Words: "of the time that they run", Default: "10", Least: "3", Most: "20"}
	return []Kind{
		nodeKind("kill", AimSome, HarmDown, "SIGKILL, then start again on the old data", Kill),
		nodeKind("stop", AimSome, HarmDown, "SIGTERM, then start again", Stop),
		nodeKind("pause", AimSome, HarmDown, "no processor time at all, connections stay", Pause),
		nodeKind("restart", AimSome, HarmNone, "SIGKILL and started again at once", Restart),
		allNodes(nodeKind("rolling-restart", AimAll, HarmNone, "one node after the other, each when the last is back", Rolling)),
		allNodes(nodeKind("kill-all", AimAll, HarmDown, "every node killed at once", Kill)),
		{Name: "slow-cpu", Family: FamilyNode, Words: "the targets run for a part of the time only", Aim: AimSome, Harm: HarmSlow,
			Needs: []Need{canThrottle()}, Parameters: []Parameter{percent},
			Build: func(s Spec) (Fault, error) {
				return SlowCPU(int(number(s.Parameters["percent"])), s.Targets...), nil
			}},
		{Name: "transfer", Family: FamilyMember, Words: "leadership handed to the target", Aim: AimOne, Harm: HarmNone,
			Needs: []Need{hasAdmin()}, Build: func(s Spec) (Fault, error) { return Transfer(s.Targets[0]), nil }},
		withAdmin(nodeKind("snapshot", AimSome, HarmNone, "a snapshot taken and the log compacted", Snapshot)),
	}
}

// memberKinds are the faults of the membership.
func memberKinds() []Kind {
	k := withAdmin(nodeKind("members", AimSome, HarmNone, "the targets become the voters, and stay it", Members))
	k.Family = FamilyMember
	return []Kind{k}
}

// nodeKind is a kind that takes nothing but nodes: its targets.
func nodeKind(name string, aim Aim, harm Harm, words string, f func(ids ...int) Fault) Kind {
	return Kind{
		Name: name, Family: FamilyNode, Words: words, Aim: aim, Harm: harm,
		Build: func(s Spec) (Fault, error) { return f(s.Targets...), nil },
	}
}

// allNodes has a kind of AimAll take every node.
func allNodes(k Kind) Kind {
	build := k.Build
	k.Build = func(s Spec) (Fault, error) {
		s.Targets = s.nodes()
		return build(s)
	}
	return k
}

// withAdmin adds the need of an admin service.
func withAdmin(k Kind) Kind {
	k.Needs = append(k.Needs, hasAdmin())
	return k
}
