package docker

import (
	"context"
	"os"
	"strconv"
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

// Given makes an image of the program as somebody else would, and gives its name. It
// is gone after the test.
func Given(t *testing.T, name, program string) string {
	t.Helper()
	ctx, name, tag := context.Background(), "given-"+name, strconv.Itoa(os.Getpid())
	cli, err := connect(ctx)
	require.NoError(t, err)
	b, err := os.ReadFile(program)
	require.NoError(t, err)
	require.NoError(t, build(ctx, name, tag, "FROM scratch\nCOPY app /app\nUSER 65532\nENTRYPOINT [\"/app\"]\n", b))
	t.Cleanup(func() {
		_, err := cli.ImageRemove(ctx, registry+name+":"+tag, client.ImageRemoveOptions{})
		require.NoError(t, err)
		require.NoError(t, cli.Close())
	})
	return registry + name + ":" + tag
}

// ImageOf gives the image that a node's container was made of.
func ImageOf(t *testing.T, c *Cluster, id int) string {
	t.Helper()
	r, err := c.cli.ContainerInspect(t.Context(), c.nodes[id].container, client.ContainerInspectOptions{})
	require.NoError(t, err)
	return r.Container.Config.Image
}
