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
	Live    bool          `xor:"what" help:"Ask whether the node lives: for what restarts it when it does not. It lives without a leader too."`
	Ready   bool          `xor:"what" help:"Ask whether it is ready: for what sends it requests. The default."`
	Admin   string        `default:"127.0.0.1:9001" placeholder:"HOST:PORT" help:"Ask this admin port's /healthz or /readyz (${default})."`
	Node    string        `placeholder:"HOST:PORT" help:"Ask this client port's gRPC health service instead."`
	Timeout time.Duration `default:"2s" help:"Give up after this long (${default})."`
	JSON    bool          `name:"json" help:"Print JSON."`
}

// adminClient asks without a proxy, whatever the environment names.
var adminClient = &http.Client{Transport: &http.Transport{}}

// Run fails unless the node says that it is ready, or that it lives.
func (c *healthCmd) Run(ctx context.Context, out *printer) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	ask, address := askAdmin, c.Admin
	if c.Node != "" {
		ask, address = askNode, c.Node
	}
	if err := ask(ctx, address, c.Live); err != nil {
		return fmt.Errorf("health of %s: %w", address, err)
	}
	what := "ready"
	if c.Live {
		what = "live"
	}
	return out.result(c.JSON, map[string]any{"address": address, what: true}, what)
}

func askAdmin(ctx context.Context, address string, live bool) error {
	path, not := "/readyz", "not ready: "
	if live {
		path, not = "/healthz", "not live: "
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	resp, err := adminClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	why := strings.TrimPrefix(strings.Join(strings.Fields(string(body)), " "), "not ready: ")
	return fmt.Errorf("%s%s", not, why)
}

func askNode(ctx context.Context, address string, live bool) error {
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
	if !live && resp.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("not ready: %s", resp.GetStatus())
	}
	return nil
}
