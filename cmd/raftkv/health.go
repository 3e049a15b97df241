package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// healthCmd is the health check of a container whose image holds nothing else.
type healthCmd struct {
	Admin   string        `default:"127.0.0.1:9001" placeholder:"HOST:PORT" help:"Ask this admin port's /readyz (${default})."`
	Node    string        `placeholder:"HOST:PORT" help:"Ask this client port's gRPC health service instead."`
	Timeout time.Duration `default:"2s" help:"Give up after this long (${default})."`
	JSON    bool          `name:"json" help:"Print JSON."`
}

// Run fails unless the node says that it is ready.
func (c *healthCmd) Run(ctx context.Context, out *printer) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	ask, address := askAdmin, c.Admin
	if c.Node != "" {
		ask, address = askNode, c.Node
	}
	if err := ask(ctx, address); err != nil {
		return fmt.Errorf("health of %s: %w", address, err)
	}
	return out.result(c.JSON, map[string]any{"address": address, "ready": true}, "ready")
}

func askAdmin(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	why := strings.TrimPrefix(strings.Join(strings.Fields(string(body)), " "), "not ready: ")
	return fmt.Errorf("not ready: %s", why)
}

func askNode(ctx context.Context, address string) error {
	cc, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return err
	}
	defer cc.Close()
	resp, err := healthpb.NewHealthClient(cc).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return fmt.Errorf("no answer: %s", status.Convert(err).Message())
	}
	if resp.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("not ready: %s", resp.GetStatus())
	}
	return nil
}
