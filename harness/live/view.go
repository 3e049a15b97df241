package live

import "time"

// View is what the page shows at one moment.
type View struct {
	// Scenario is what runs, Place its number among others ("2/11").
	Scenario string `json:"scenario"`
	Place    string `json:"place"`
	Phase    string `json:"phase"`
	// Elapsed is the time since the run began, Total a forecast.
	Elapsed time.Duration `json:"elapsed_ns"`
	Total   time.Duration `json:"total_ns"`
	// Ok, Failed and Unknown count the clients' operations so far.
	Ok      int `json:"ok"`
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
	// Fault is in place now, Next is the step to come; empty if there is none.
	Fault string `json:"fault"`
	Next  string `json:"next"`
	Nodes []Node `json:"nodes"`
	// Links are those that are not healthy.
	Links []Link `json:"links"`
	// Said is the last thing the run had to say, Verdict how it ended.
	Said    string `json:"said"`
	Verdict string `json:"verdict"`
}

// Node is a node by its own words.
type Node struct {
	ID      int  `json:"id"`
	Answers bool `json:"answers"`
	// Voter says whether the leader counts it; all are while nobody leads.
	Voter   bool   `json:"voter"`
	Role    string `json:"role"`
	Term    uint64 `json:"term"`
	Commit  uint64 `json:"commit"`
	Applied uint64 `json:"applied"`
}

// Link is a link that is cut or shaped. From is 0 for the clients' links.
type Link struct {
	From int `json:"from"`
	To   int `json:"to"`
	// State is the way it was cut, or its shape in words.
	State string `json:"state"`
}
