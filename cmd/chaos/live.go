package main

import (
	"raftkv/harness/live"
	"raftkv/scenarios"
)

// liveProgress shows a run on the live page too.
type liveProgress struct {
	progress
	page  *live.Server
	place string
	said  string
	last  live.View
}

func (p *liveProgress) update(u scenarios.Update) {
	p.progress.update(u)
	if u.Text != "" {
		p.said = u.Text
	}
	p.last = p.view(u)
	_ = p.page.Show(p.last) // a view is always JSON
}

// ended shows how the run ended.
func (p *liveProgress) ended(verdict string) {
	p.last.Verdict, p.last.Fault = verdict, ""
	_ = p.page.Show(p.last)
}

func (p *liveProgress) view(u scenarios.Update) live.View {
	return live.View{
		Scenario: u.Scenario, Place: p.place, Phase: string(u.Phase), Elapsed: u.Elapsed, Total: u.Total,
		Ok: u.Counts.Ok, Failed: u.Counts.Failed, Unknown: u.Counts.Unknown,
		Fault: u.Fault, Next: u.Next, Nodes: u.Nodes, Links: u.Links, Said: p.said,
	}
}
