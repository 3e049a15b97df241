package node

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// A node without a quorum answers, but is not ready, and both faces say so.
func TestHealthServiceFollowsReadiness(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.start(1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	health := healthpb.NewHealthClient(c.conns[1])
	require.Equal(t, healthpb.HealthCheckResponse_NOT_SERVING, serving(t, ctx, health))
	watch, err := health.Watch(ctx, &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	awaitServing(t, watch, healthpb.HealthCheckResponse_NOT_SERVING)

	c.start(2, 3)
	awaitServing(t, watch, healthpb.HealthCheckResponse_SERVING)
	require.NoError(t, c.nodes[1].checkReady(ctx))
	c.stop(2)
	c.stop(3)
	awaitServing(t, watch, healthpb.HealthCheckResponse_NOT_SERVING)
	require.Eventually(t, func() bool { return c.nodes[1].checkReady(ctx) != nil }, patience, 10*time.Millisecond)
}

func serving(t *testing.T, ctx context.Context, h healthpb.HealthClient) healthpb.HealthCheckResponse_ServingStatus {
	p, err := h.Check(ctx, &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	return p.Status
}

// awaitServing reads changes until one is want.
func awaitServing(t *testing.T, w healthpb.Health_WatchClient, want healthpb.HealthCheckResponse_ServingStatus) {
	for {
		p, err := w.Recv()
		require.NoError(t, err)
		if p.Status == want {
			return
		}
	}
}
