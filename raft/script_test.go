package raft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts runs the scripts in testdata. `go test ./raft -run
// TestTranscripts -rewrite` writes what happens now over what is expected.
//
// The commands, where FILTER is any of from=, to=, type= and n=:
//
//	add-nodes voters=(1,2,3) [learners=(4)]   start them with empty disks
//	                        [drift=PERCENT] with leases; a tick is 10 long and
//	                        [election=TICKS], 10 if left out
//	add-node ID voters=(..) log=(1,1,2) [term=T] [applied=I]   with this log;
//	                        without voters it waits to be added
//	campaign ID | tick ID [n] | propose ID DATA...
//	ready ID                take a Ready, print it and carry it out
//	disk ID sync|async      an async disk completes only with disk-done
//	disk-done ID            complete the oldest write, in two steps:
//	disk-written ID         it is done, what waited for it goes out
//	disk-report ID          the engine hears of it
//	deliver FILTER          deliver what is in flight; prints it
//	drop FILTER | hold FILTER | copy FILTER | release
//	cut FROM TO | isolate ID | heal
//	settle [ID...]          run until nothing moves; prints nothing
//	change ID [voters=(6)] [learners=(7)] [remove=(1)]   propose it
//	conf                    the membership in force on each node
//	clock ID TIME           the node's clock shows this
//	read ID READ | transfer ID TO | unreachable ID TO
//	compact ID INDEX [keep=FIRST] | snapshot-done ID ok|failed
//	report-snapshot ID TO ok|failed
//	restart ID              lose all but the disk
//	abdicate ID             leave office at once
//	stray ID term=T         a message that means nothing but its term
//	status | progress ID | log ID | flight
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{c: newTestCluster()}
		datadriven.RunTest(t, path, s.run)
	})
}

// script is the state of one transcript.
type script struct {
	c   *testCluster
	out strings.Builder
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.out.Reset()
	run := map[string]func(*datadriven.TestData){
		"add-nodes": s.addNodes, "add-node": s.addNode,
		"campaign": s.campaign, "tick": s.tick, "propose": s.propose,
		"ready": s.ready, "disk": s.disk, "disk-done": s.diskDone,
		"disk-written": s.diskWritten, "disk-report": s.diskReport,
		"deliver": s.deliver, "drop": s.drop, "hold": s.hold, "copy": s.copy, "release": s.release,
		"cut": s.cut, "isolate": s.isolate, "heal": s.heal, "settle": s.settle,
		"read": s.read, "transfer": s.transfer, "unreachable": s.unreachable,
		"compact": s.compact, "snapshot-done": s.snapshotDone, "report-snapshot": s.reportSnapshot,
		"restart": s.restart, "clock": s.clock,
		"abdicate": s.abdicate, "stray": s.stray, "change": s.change, "conf": s.conf,
		"status": s.status, "progress": s.progress, "log": s.log, "flight": s.flight,
	}[d.Cmd]
	if run == nil {
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	run(d)
	if s.out.Len() == 0 {
		return "ok"
	}
	return s.out.String()
}

func (s *script) printf(format string, args ...any) {
	fmt.Fprintf(&s.out, format, args...)
}

// word is the i-th bare argument.
func word(d *datadriven.TestData, i int) string {
	for _, arg := range d.CmdArgs {
		if len(arg.Vals) > 0 {
			continue
		}
		if i == 0 {
			return arg.Key
		}
		i--
	}
	return ""
}

func number(text string) uint64 {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return v
}

// numbers is the list behind a key.
func numbers(d *datadriven.TestData, key string) []uint64 {
	var out []uint64
	for _, arg := range d.CmdArgs {
		if arg.Key == key {
			for _, v := range arg.Vals {
				out = append(out, number(v))
			}
		}
	}
	return out
}

// value is the number behind a key, or a default.
func value(d *datadriven.TestData, key string, otherwise uint64) uint64 {
	if all := numbers(d, key); len(all) > 0 {
		return all[0]
	}
	return otherwise
}

func (s *script) node(d *datadriven.TestData) *testNode {
	return s.c.nodes[number(word(d, 0))]
}

func (s *script) addNodes(d *datadriven.TestData) {
	conf := ConfState{Voters: numbers(d, "voters"), Learners: numbers(d, "learners")}
	for _, id := range slices.Concat(conf.Voters, conf.Learners) {
		s.c.add(s.limits(d, testConfig(id, conf)))
	}
}

func (s *script) limits(d *datadriven.TestData, cfg Config) Config {
	cfg.MaxInflightMsgs = int(value(d, "inflight", uint64(cfg.MaxInflightMsgs)))
	cfg.MaxMsgBytes = int(value(d, "msg-bytes", uint64(cfg.MaxMsgBytes)))
	cfg.ElectionTicks = int(value(d, "election", uint64(cfg.ElectionTicks)))
	if drift := value(d, "drift", noLease); drift != noLease {
		cfg.LeaseReads, cfg.TickTime, cfg.MaxClockDrift = true, 10, float64(drift)/100
	}
	return cfg
}

// noLease stands for a drift that a script does not name.
const noLease = 1 << 20

func (s *script) clock(d *datadriven.TestData) { s.node(d).Clock(number(word(d, 1))) }

func (s *script) abdicate(d *datadriven.TestData) { s.node(d).Abdicate() }

func (s *script) stray(d *datadriven.TestData) {
	to := number(word(d, 0))
	s.c.step(Message{Type: MsgVoteResp, From: to%3 + 1, To: to, Term: value(d, "term", 1), Reject: true})
}

func (s *script) addNode(d *datadriven.TestData) {
	cfg := testConfig(number(word(d, 0)), ConfState{Voters: numbers(d, "voters")})
	cfg.Entries = entriesOf(numbers(d, "log")...)
	if k := len(cfg.Entries); k > 0 {
		cfg.HardState.Term = cfg.Entries[k-1].Term
	}
	cfg.HardState.Term = value(d, "term", cfg.HardState.Term)
	cfg.Applied = value(d, "applied", 0)
	s.c.add(s.limits(d, cfg))
}

func (s *script) campaign(d *datadriven.TestData) { s.node(d).Campaign() }

func (s *script) tick(d *datadriven.TestData) {
	n := uint64(1)
	if w := word(d, 1); w != "" {
		n = number(w)
	}
	for range n {
		s.node(d).Tick()
	}
}

func (s *script) propose(d *datadriven.TestData) {
	for i := 1; word(d, i) != ""; i++ {
		if _, _, err := s.node(d).Propose([]byte(word(d, i))); err != nil {
			s.printf("%v\n", err)
		}
	}
}

func (s *script) ready(d *datadriven.TestData) {
	if !s.node(d).HasReady() {
		s.printf("nothing\n")
		return
	}
	printReady(&s.out, s.c.ready(number(word(d, 0))))
}

func (s *script) disk(d *datadriven.TestData) { s.node(d).disk.async = word(d, 1) == "async" }

func (s *script) diskDone(d *datadriven.TestData) {
	s.diskWritten(d)
	s.diskReport(d)
}

func (s *script) diskWritten(d *datadriven.TestData) { s.c.diskWritten(number(word(d, 0))) }

func (s *script) diskReport(d *datadriven.TestData) {
	done := s.c.diskReport(number(word(d, 0)))
	s.printf("durable: term=%d vote=%d log to %d/%d\n", done.HardState.Term, done.HardState.Vote, done.Index, done.Term)
}

// filtered takes what is in flight and fits the arguments.
func (s *script) filtered(d *datadriven.TestData) []Message {
	limit := value(d, "n", 1<<30)
	return s.c.take(func(m Message) bool {
		fits := limit > 0 && value(d, "from", m.From) == m.From && value(d, "to", m.To) == m.To
		for _, arg := range d.CmdArgs {
			if arg.Key == "type" && arg.Vals[0] != m.Type.String() {
				fits = false
			}
		}
		if fits {
			limit--
		}
		return fits
	})
}

func (s *script) deliver(d *datadriven.TestData) {
	for _, m := range s.filtered(d) {
		s.printf("%s\n", messageText(m))
		s.c.step(m)
	}
}

func (s *script) drop(d *datadriven.TestData) {
	for _, m := range s.filtered(d) {
		s.printf("lost: %s\n", messageText(m))
	}
}

func (s *script) hold(d *datadriven.TestData) {
	for _, m := range s.filtered(d) {
		s.printf("held: %s\n", messageText(m))
		s.c.held = append(s.c.held, m)
	}
}

// copy keeps a second copy for a later release.
func (s *script) copy(d *datadriven.TestData) {
	taken := s.filtered(d)
	s.c.held = append(s.c.held, taken...)
	s.c.flight = append(taken, s.c.flight...)
}

func (s *script) release(*datadriven.TestData) {
	s.c.flight = append(s.c.flight, s.c.held...)
	s.c.held = nil
}

func (s *script) cut(d *datadriven.TestData) {
	s.c.cut[[2]uint64{number(word(d, 0)), number(word(d, 1))}] = true
}

func (s *script) isolate(d *datadriven.TestData) { s.c.isolate(number(word(d, 0))) }
func (s *script) heal(*datadriven.TestData)      { s.c.heal() }

func (s *script) settle(d *datadriven.TestData) {
	var ids []uint64
	for i := 0; word(d, i) != ""; i++ {
		ids = append(ids, number(word(d, i)))
	}
	s.c.settle(ids...)
}

func (s *script) read(d *datadriven.TestData) {
	if err := s.node(d).ReadIndex(number(word(d, 1))); err != nil {
		s.printf("%v\n", err)
	}
}

func (s *script) transfer(d *datadriven.TestData) {
	if err := s.node(d).TransferLeader(number(word(d, 1))); err != nil {
		s.printf("%v\n", err)
	}
}

func (s *script) unreachable(d *datadriven.TestData) {
	s.node(d).ReportUnreachable(number(word(d, 1)))
}

func (s *script) compact(d *datadriven.TestData) {
	index := number(word(d, 1))
	if err := s.c.compact(number(word(d, 0)), index, value(d, "keep", index+1)); err != nil {
		s.printf("%v\n", err)
	}
}

func (s *script) snapshotDone(d *datadriven.TestData) {
	s.c.snapshotDone(number(word(d, 0)), *s.node(d).installing, word(d, 1) == "ok")
}

func (s *script) reportSnapshot(d *datadriven.TestData) {
	s.node(d).ReportSnapshot(number(word(d, 1)), word(d, 2) == "ok")
}

func (s *script) restart(d *datadriven.TestData) { s.c.restart(number(word(d, 0))) }

func (s *script) change(d *datadriven.TestData) {
	cc := ConfChange{AddVoters: numbers(d, "voters"), AddLearners: numbers(d, "learners"), Remove: numbers(d, "remove")}
	if _, _, err := s.node(d).ProposeConfChange(cc); err != nil {
		s.printf("%v\n", err)
	}
}

func (s *script) conf(*datadriven.TestData) {
	for _, id := range s.c.ids() {
		st := s.c.nodes[id].Status()
		s.printf("%d: %s since %d\n", id, confText(st.Conf), st.ConfIndex)
	}
}

func (s *script) status(*datadriven.TestData) {
	for _, id := range s.c.ids() {
		printStatus(&s.out, s.c.nodes[id].Status())
	}
}

func (s *script) progress(d *datadriven.TestData) { printProgress(&s.out, s.node(d).Status()) }

func (s *script) log(d *datadriven.TestData) {
	s.printf("%s durable to %d\n", entriesText(s.node(d).allEntries()), s.node(d).log.stable)
}

func (s *script) flight(*datadriven.TestData) {
	for _, m := range s.c.flight {
		s.printf("%s\n", messageText(m))
	}
}
