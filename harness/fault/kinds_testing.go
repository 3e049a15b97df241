package fault

// testingKinds are pulled inside the node, which has to be built for that.
func testingKinds() []Kind {
	jump := Parameter{Name: "jump", Words: "how far ahead the clock is set", Default: "10s", Least: "100ms", Most: "2h0m0s"}
	rate := Parameter{Name: "percent", Words: "of its speed", Default: "200", Least: "20", Most: "500"}
	return []Kind{
		leverKind("clock-jump", FamilyClock, HarmNone, "the clock by which the targets measure is set ahead", jump, func(s Spec) Fault {
			return ClockJump(duration(s.Parameters["jump"]), s.Targets...)
		}),
		leverKind("clock-rate", FamilyClock, HarmSlow, "the clock by which the targets measure runs fast or slow", rate, func(s Spec) Fault {
			return ClockRate(int(number(s.Parameters["percent"])), s.Targets...)
		}),
		messageKind("loss", Lost, "some of the targets' messages to peers are lost"),
		messageKind("duplication", Duplicated, "some of the targets' messages to peers are sent twice"),
		messageKind("reordering", Reordered, "some of the targets' messages to peers overtake others"),
	}
}

func leverKind(name string, family Family, harm Harm, words string, p Parameter, build func(Spec) Fault) Kind {
	return Kind{
		Name: name, Family: family, Words: words, Aim: AimSome, Harm: harm,
		Needs: []Need{forTesting()}, Parameters: []Parameter{p},
		Build: func(s Spec) (Fault, error) { return build(s), nil },
	}
}

func messageKind(name string, f Fate, words string) Kind {
	percent := Parameter{Name: "percent", Words: "of the messages", Default: "20", Least: "5", Most: "60"}
	return leverKind(name, FamilyMessage, HarmSlow, words, percent, func(s Spec) Fault {
		return Messages(f, int(number(s.Parameters["percent"])), s.Targets...)
	})
}
