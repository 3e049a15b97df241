package peer

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"raftkv/raft/membership"
)

const (
	keyCluster  = "raftkv-cluster"
	keyIdentity = "raftkv-identity"
	keyFrom     = "raftkv-from"
	keyTo       = "raftkv-to"
	keyLearner  = "raftkv-learner"
	keyClient   = "raftkv-client-address"
	keyPeer     = "raftkv-peer-address"
	keySum      = "raftkv-greeting-checksum"
)

// Greeting is how a stream begins: who sends, of which cluster, and whom it means
// to reach. An address that was handed to another node, or a folder that was made
// anew, must not confuse any of them.
type Greeting struct {
	// Cluster is the name, Identity the number of the sender's cluster.
	Cluster  string
	Identity uint64
	// From and To are engine ids: each is a node and its folder.
	From, To uint64
	// Learner says that To has no vote as far as the sender knows.
	Learner bool
}

// introduce puts the greeting on a stream. It also tells where clients reach the
// sender, so that a follower can name its leader's address to a client.
func (s *sender) introduce(ctx context.Context) context.Context {
	c := s.config
	return metadata.AppendToOutgoingContext(ctx, sealGreeting([]string{
		keyCluster, c.Cluster,
		keyIdentity, strconv.FormatUint(c.Identity(), 10),
		keyFrom, strconv.FormatUint(c.ID, 10),
		keyTo, strconv.FormatUint(s.to, 10),
		keyLearner, strconv.FormatBool(s.learner.Load()),
		keyClient, c.ClientAddress,
		keyPeer, c.PeerAddress})...)
}

// greetingKeys are the keys that introduce sets, in its order.
var greetingKeys = []string{keyCluster, keyIdentity, keyFrom, keyTo, keyLearner, keyClient, keyPeer}

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

// greetingOf reads how an incoming stream began; what is missing is 0.
func greetingOf(ctx context.Context) Greeting {
	md, _ := metadata.FromIncomingContext(ctx)
	number := func(key string) uint64 {
		n, _ := strconv.ParseUint(first(md, key), 10, 64) // 0 where it is none
		return n
	}
	return Greeting{
		Cluster: first(md, keyCluster), Identity: number(keyIdentity),
		From: number(keyFrom), To: number(keyTo), Learner: first(md, keyLearner) == "true",
	}
}

// identify returns the sender of an incoming stream, or why it is refused.
func (s *Server) identify(ctx context.Context) (uint64, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if err := verifyGreeting(md); err != nil {
		return 0, err
	}
	g := greetingOf(ctx)
	switch {
	case g.Cluster != s.cluster:
		return 0, refused("this is cluster %q, not %q", s.cluster, g.Cluster)
	case membership.Node(g.To) != membership.Node(s.id):
		return 0, refused("this is node %d, not node %d", membership.Node(s.id), membership.Node(g.To))
	case membership.Node(g.From) == 0:
		return 0, refused("the sender did not say which node it is")
	case g.From == s.id:
		return 0, refused("this is node %d, and so does the sender call itself", membership.Node(s.id))
	}
	if err := s.h.Admit(ctx, g); err != nil {
		return 0, refused("%s", err)
	}
	return g.From, nil
}

func refused(format string, args ...any) error {
	return status.Errorf(codes.FailedPrecondition, format, args...)
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
