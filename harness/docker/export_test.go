package docker

import (
	"context"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

// Label gives the label on everything that the cluster has made.
func (c *Cluster) Label() string { return labelRun + "=" + c.id }

// Left names what there is with the label.
func Left(t *testing.T, label string) []string {
	t.Helper()
	ctx := context.Background()
	cli, err := connect(ctx)
	require.NoError(t, err)
	defer cli.Close()
	var left []string
	for _, list := range []func(context.Context, *client.Client, client.Filters) ([]thing, error){containers, networks, volumes} {
		found, err := list(ctx, cli, make(client.Filters).Add("label", label))
		require.NoError(t, err)
		for _, f := range found {
			left = append(left, f.kind+" "+f.id)
		}
	}
	return left
}
