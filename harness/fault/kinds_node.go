package fault

// nodeKinds are the faults of a node's process.
func nodeKinds() []Kind {
	return []Kind{
		{Name: "kill", Family: FamilyNode, Words: "SIGKILL, then start again on the old data", Aim: AimSome, Harm: HarmDown, Build: onTargets(Kill)},
		{Name: "stop", Family: FamilyNode, Words: "SIGTERM, then start again", Aim: AimSome, Harm: HarmDown, Build: onTargets(Stop)},
		{Name: "pause", Family: FamilyNode, Words: "no processor time at all, connections stay", Aim: AimSome, Harm: HarmDown, Build: onTargets(Pause)},
	}
}

// onTargets builds a fault that takes nothing but nodes.
func onTargets(f func(ids ...int) Fault) func(Spec) (Fault, error) {
	return func(s Spec) (Fault, error) { return f(s.Targets...), nil }
}

// memberKinds are the faults of the membership.
func memberKinds() []Kind {
	return []Kind{
		{Name: "members", Family: FamilyMember, Words: "the targets become the voters, and stay it", Aim: AimSome, Harm: HarmNone, Build: onTargets(Members)},
	}
}
