package peer

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	keyCluster = "raftkv-cluster"
	keyFrom    = "raftkv-from"
	keyTo      = "raftkv-to"
	keyClient  = "raftkv-client-address"
	keyPeer    = "raftkv-peer-address"
	keySum     = "raftkv-greeting-checksum"
)

// introduce puts on a stream who sends, in which cluster, and whom it means to
// reach: an address that was handed to another node must not confuse the two.
//
// It also tells where clients reach the sender, so that a follower can name
// its leader's address to a client.
func (c *Config) introduce(ctx context.Context, to uint64) context.Context {
	return metadata.AppendToOutgoingContext(ctx, sealGreeting([]string{
		keyCluster, c.Cluster,
		keyFrom, strconv.FormatUint(c.ID, 10),
		keyTo, strconv.FormatUint(to, 10),
		keyClient, c.ClientAddress,
		keyPeer, c.PeerAddress})...)
}

// greetingKeys are the keys that introduce sets, in its order.
var greetingKeys = []string{keyCluster, keyFrom, keyTo, keyClient, keyPeer}

// sealGreeting adds the checksum of a greeting to its keys and values.
func sealGreeting(pairs []string) []string {
	return append(pairs, keySum, strconv.FormatUint(uint64(greetingSum(pairs)), 16))
}

// verifyGreeting finds a greeting that is not the one that was sent. One that
// gRPC's header compression keeps bent stays so until the sender dials anew.
func verifyGreeting(md metadata.MD) error {
	pairs := make([]string, 0, 2*len(greetingKeys))
	for _, key := range greetingKeys {
		pairs = append(pairs, key, first(md, key))
	}
	if sum := first(md, keySum); sum != strconv.FormatUint(uint64(greetingSum(pairs)), 16) {
		return fmt.Errorf("%w: a stream's greeting, of checksum %q; an older version sends none", ErrCorrupt, sum)
	}
	return nil
}

// addressesOf is where the sender of an incoming stream serves clients, and
// where it says that peers reach it.
func addressesOf(ctx context.Context) (client, peer string) {
	md, _ := metadata.FromIncomingContext(ctx)
	return first(md, keyClient), first(md, keyPeer)
}

// identify returns the sender of an incoming stream, or why it is refused.
func identify(ctx context.Context, cluster string, self uint64) (uint64, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if err := verifyGreeting(md); err != nil {
		return 0, err
	}
	if c := first(md, keyCluster); c != cluster {
		return 0, status.Errorf(codes.FailedPrecondition, "this is cluster %q, not %q", cluster, c)
	}
	if to := first(md, keyTo); to != strconv.FormatUint(self, 10) {
		return 0, status.Errorf(codes.FailedPrecondition, "this is node %d, not node %s", self, to)
	}
	from, err := strconv.ParseUint(first(md, keyFrom), 10, 64)
	if err != nil || from == 0 {
		return 0, status.Errorf(codes.FailedPrecondition, "the sender did not say which node it is")
	}
	return from, nil
}

// claimed is who an incoming stream says it is from; 0 if it does not say.
func claimed(ctx context.Context) uint64 {
	md, _ := metadata.FromIncomingContext(ctx)
	from, _ := strconv.ParseUint(first(md, keyFrom), 10, 64) // 0 for what is no number
	return from
}

func first(md metadata.MD, key string) string {
	if v := md.Get(key); len(v) > 0 {
		return v[0]
	}
	return ""
}
