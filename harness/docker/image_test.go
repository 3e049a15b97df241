package docker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

func TestOfOurImagesTheNewestAndTheYoungAreKept(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	made := func(tag string, age time.Duration) image.Summary {
		return image.Summary{ID: tag, RepoTags: []string{tag}, Created: now.Add(-age).Unix()}
	}
	ours := registry + "node:"
	all := []image.Summary{
		made(ours+"old", 5*time.Hour), made(ours+"third", 3*time.Hour), made(ours+"oldest", 9*time.Hour),
		made(ours+"first", time.Minute), made(ours+"second", 2*time.Hour),
		made("example.org/node:1", 9*time.Hour), made(registry+"toxiproxy:1", 9*time.Hour),
		{ID: "shared", RepoTags: []string{ours + "x", "mine:1"}, Created: 0}, {ID: "untagged", Created: 0},
	}
	var gone []string
	for _, i := range superfluous(all, "node", now) {
		gone = append(gone, i.ID)
	}
	require.Equal(t, []string{ours + "old", ours + "oldest"}, gone)

	all = nil
	for i := range 6 {
		all = append(all, made(ours+fmt.Sprint(i), time.Duration(i)*time.Minute))
	}
	require.Empty(t, superfluous(all, "node", now), "other harnesses may be about to use them")
}

// On a real engine: what a container uses stays, the rest goes but for the newest.
func TestAnImageInUseIsKept(t *testing.T) {
	ctx := t.Context()
	cli, err := connect(ctx)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = cli.Close() })
	name := fmt.Sprintf("prune-test-%d", os.Getpid())
	refs := make([]string, keptImages+2)
	for i := range refs {
		program := filepath.Join(t.TempDir(), "program")
		require.NoError(t, os.WriteFile(program, fmt.Appendf(nil, "%d %d", os.Getpid(), i), 0o755))
		refs[i], err = ensureImage(ctx, cli, name, program)
		require.NoError(t, err)
		ref := refs[i]
		t.Cleanup(func() { _, _ = cli.ImageRemove(context.Background(), ref, client.ImageRemoveOptions{}) })
	}
	c, err := cli.ContainerCreate(ctx, client.ContainerCreateOptions{Image: refs[0]})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := cli.ContainerRemove(context.Background(), c.ID, client.ContainerRemoveOptions{Force: true})
		require.NoError(t, err)
	})

	removeOldImages(ctx, cli, name, time.Now().Add(time.Hour))
	left := 0
	for _, ref := range refs {
		if _, err := cli.ImageInspect(ctx, ref); err == nil {
			left++
		}
	}
	require.GreaterOrEqual(t, left, keptImages)
	require.LessOrEqual(t, left, keptImages+1)
	_, err = cli.ImageInspect(ctx, refs[0])
	require.NoError(t, err, "a container uses it")
}
