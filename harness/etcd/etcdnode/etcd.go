package main

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/embed"
)

// Times as RaftKV's defaults have them, so that both stand the same tests.
const (
	heartbeatMillis = 50
	electionMillis  = 300
)

// start starts etcd. Its messages to others go through p.
func start(f flags, p *peers) (*embed.Etcd, error) {
	// The transport between etcd's nodes asks the environment for a proxy.
	if err := os.Setenv("HTTP_PROXY", "http://"+p.proxy.Addr().String()); err != nil {
		return nil, err
	}
	cfg, err := configure(f)
	if err != nil {
		return nil, err
	}
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	return e, nil
}

func configure(f flags) (*embed.Config, error) {
	c := embed.NewConfig()
	c.Name, c.Dir = nodeName(f.id), f.data
	c.TickMs, c.ElectionMs = heartbeatMillis, electionMillis
	c.SnapshotCount, c.SnapshotCatchUpEntries = f.snapshotEntries, f.trailingEntries
	c.LogLevel = "warn"
	var members []string
	for _, id := range slices.Sorted(maps.Keys(f.peers)) {
		members = append(members, nodeName(id)+"=http://"+peerHost(id))
	}
	c.InitialCluster = strings.Join(members, ",")
	for address, to := range map[string]*[]url.URL{
		f.client: &c.ListenClientUrls, f.advertise: &c.AdvertiseClientUrls,
		"127.0.0.1:0": &c.ListenPeerUrls, peerHost(f.id): &c.AdvertisePeerUrls,
	} {
		u, err := url.Parse("http://" + address)
		if err != nil {
			return nil, fmt.Errorf("address of a listener: %w", err)
		}
		*to = []url.URL{*u}
	}
	return c, nil
}

func nodeName(id int) string { return fmt.Sprintf("n%d", id) }
