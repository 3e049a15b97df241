package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver"

	"raftkv/harness/cluster"
)

// pages are what the harness asks of any node.
func pages(s *etcdserver.EtcdServer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(status(s))
	})
	return mux
}

func status(s *etcdserver.EtcdServer) cluster.Status {
	st := cluster.Status{
		ID: number(s, s.MemberID()), Leader: number(s, s.Leader()), Term: s.Term(),
		Commit: s.CommittedIndex(), Applied: s.AppliedIndex(), LastIndex: s.CommittedIndex(), Role: "follower",
	}
	switch {
	case s.Leader() == s.MemberID():
		st.Role = "leader"
	case s.Leader() == 0:
		st.Role = "candidate"
	}
	for _, m := range s.Cluster().Members() {
		if id := number(s, m.ID); id != 0 {
			st.Voters = append(st.Voters, id)
		}
	}
	return st
}

// number is the harness's number of a member; 0 if there is none.
func number(s *etcdserver.EtcdServer, id types.ID) int {
	m := s.Cluster().Member(id)
	if m == nil {
		return 0
	}
	for _, u := range m.PeerURLs {
		if n := peerNumber(strings.TrimPrefix(u, "http://")); n != 0 {
			return n
		}
	}
	return 0
}

// peerHost is the name under which etcd knows a node: an address that nobody
// has (RFC 5737), so that every message to it takes the way that peers decides.
func peerHost(id int) string { return "192.0.2." + strconv.Itoa(id) + ":2380" }

// peerNumber is the id in a peerHost; 0 if it is none.
func peerNumber(host string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(host, "192.0.2."), ":2380"))
	if err != nil {
		return 0
	}
	return n
}
