package node

import (
	"context"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// healthEvery is how old the health service's answer may be.
const healthEvery = 200 * time.Millisecond

// watchHealth keeps gRPC's health service saying what /readyz says, until the
// node ends. After health.Shutdown the service no longer listens to it.
func (n *Node) watchHealth() {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		n.health.SetServingStatus("", n.servingStatus())
		select {
		case <-n.stopped:
			return
		case <-tick.C:
		}
	}
}

func (n *Node) servingStatus() healthpb.HealthCheckResponse_ServingStatus {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	if n.checkReady(ctx) != nil {
		return healthpb.HealthCheckResponse_NOT_SERVING
	}
	return healthpb.HealthCheckResponse_SERVING
}
