package docker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/network"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"
)

// Subnets come from 198.18.0.0/15, which is set aside for testing networks (RFC
// 2544) and so is nobody's office or VPN. Docker's own pool would run out after
// about thirty networks, and does not allow fixed addresses.
const (
	subnetBits  = 28
	subnetCount = 1 << (subnetBits - 15)
	// subnetTries is how often another subnet is tried when one is taken.
	subnetTries = 20
	// hostProxy and hostNode are positions in a subnet: .1 is the gateway, .2
	// Toxiproxy, .3 node 1 and so on.
	hostProxy = 2
	hostNode  = 2 // plus the node's id
)

// newNetwork makes a network with a subnet of its own.
func newNetwork(ctx context.Context, internal bool, labels map[string]string) (string, netip.Prefix, error) {
	var last error
	for range subnetTries {
		subnet := randomSubnet()
		name, err := createNetwork(ctx, subnet, internal, labels)
		if err == nil {
			return name, subnet, nil
		}
		if last = err; !strings.Contains(strings.ToLower(err.Error()), "overlap") {
			break
		}
	}
	return "", netip.Prefix{}, fmt.Errorf("make a network: %w", last)
}

func createNetwork(ctx context.Context, subnet netip.Prefix, internal bool, labels map[string]string) (string, error) {
	opts := []tcnetwork.NetworkCustomizer{
		tcnetwork.WithLabels(labels),
		tcnetwork.WithIPAM(&network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet, Gateway: addrIn(subnet, 1)}}}),
	}
	if internal {
		opts = append(opts, tcnetwork.WithInternal())
	}
	n, err := tcnetwork.New(ctx, opts...)
	if err != nil {
		return "", err
	}
	if n == nil {
		return "", errors.New("testcontainers gave no network")
	}
	return n.Name, nil
}

// randomSubnet picks one of the 8,192 subnets. Which one is of no consequence
// to a run, so it does not come from the run's seed, which two runs may share.
func randomSubnet() netip.Prefix {
	n := rand.IntN(subnetCount) << (32 - subnetBits)
	base := netip.AddrFrom4([4]byte{198, byte(18 + n>>16), byte(n >> 8), byte(n)})
	return netip.PrefixFrom(base, subnetBits)
}

// addrIn gives the address at a position in the subnet.
func addrIn(subnet netip.Prefix, host int) netip.Addr {
	a := subnet.Addr().As4()
	a[3] += byte(host)
	return netip.AddrFrom4(a)
}

// fixedAddress makes the container's address on the network fixed.
func fixedAddress(name string, addr netip.Addr) func(map[string]*network.EndpointSettings) {
	return func(ends map[string]*network.EndpointSettings) {
		if e := ends[name]; e != nil {
			e.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: addr}
		}
	}
}
