package scenarios

import (
	"fmt"
	"slices"
	"time"

	"raftkv/harness/cluster"
	"raftkv/harness/fault"
	"raftkv/harness/link"
)

// The faults of the table, made for the nodes that a step's target means.

func kill(d Draw) fault.Fault  { return fault.Kill(d.Targets...) }
func stop(d Draw) fault.Fault  { return fault.Stop(d.Targets...) }
func pause(d Draw) fault.Fault { return fault.Pause(d.Targets...) }

// powerLoss takes the power from the targets at once, when they alone have the
// last writes: the others are cut off first, and then a few more are committed.
// Links that hold bytes back for a dead receiver can wedge Toxiproxy.
func powerLoss(d Draw) fault.Fault {
	mode := link.Mode(d.choose("mode", string(link.ModeDrop), string(link.ModeReject)))
	return fault.All("power loss", fault.Isolate(mode, d.Others...), fault.Progress(30), fault.PowerLoss(d.Targets...))
}

// partition cuts the targets from the others, both ways; clients reach all.
func partition(d Draw) fault.Fault {
	return fault.Partition(d.mode(), d.Targets, d.Others)
}

// isolate cuts every peer link of the targets.
func isolate(d Draw) fault.Fault { return fault.Isolate(d.mode(), d.Targets...) }

// oneWay loses what the target sends to its peers, or what they send to it.
func oneWay(d Draw) fault.Fault {
	mode, target := d.mode(), d.Targets[0]
	if d.choose("direction", "outgoing", "incoming") == "outgoing" {
		return fault.OneWay(mode, target, d.Others...)
	}
	var cuts []fault.Fault
	for _, from := range d.Others {
		cuts = append(cuts, fault.OneWay(mode, from, target))
	}
	return fault.All("one-way-in", cuts...)
}

// slow delays every link, those of the clients too. The delay stays below what
// would cost a leader its office: a slow network is not a broken one.
func slow(d Draw) fault.Fault {
	shape := link.Shape{
		Latency: d.duration("latency", Between{15 * time.Millisecond, 40 * time.Millisecond}),
		Jitter:  d.duration("jitter", Between{5 * time.Millisecond, 15 * time.Millisecond}),
	}
	return fault.SlowLinks(shape, "every link", func(*link.Link) bool { return true })
}

// resize kills the targets and, while they are dead, makes n nodes that the
// seed draws the voters, whoever they were before.
func resize(n int) func(Draw) fault.Fault {
	return func(d Draw) fault.Fault {
		all := slices.Concat(d.Targets, d.Others)
		slices.Sort(all)
		voters := cluster.Random(d.rand, all, n)
		d.parameters["voters"] = fmt.Sprint(voters)
		return fault.All(fmt.Sprintf("%d voters", n), fault.Kill(d.Targets...), fault.Members(voters...))
	}
}
