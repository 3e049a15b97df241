package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

const (
	// registry has a dot, so Docker takes it for a registry, and ends in a name
	// that never resolves (RFC 2606), so nothing is ever pulled from it.
	registry = "local.invalid/raftkv/"
	// labelImage marks our images.
	labelImage = "raftkv.image"
	// keptImages of a program are kept, the newest, and any that are young.
	keptImages = 3
	youngImage = 10 * time.Minute

	dockerfile = "FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n"
)

// ensureImage gives the name of the image of a static Linux program, and builds
// it if there is none of that very program yet.
func ensureImage(ctx context.Context, cli *client.Client, name, path string) (string, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the program for image %s: %w", name, err)
	}
	sum := sha256.Sum256(program)
	tag := hex.EncodeToString(sum[:8])
	ref := registry + name + ":" + tag
	if _, err := cli.ImageInspect(ctx, ref); err == nil {
		return ref, nil
	} else if !cerrdefs.IsNotFound(err) {
		return "", fmt.Errorf("look for image %s: %w", ref, err)
	}
	if err := build(ctx, name, tag, dockerfile, program); err != nil {
		return "", fmt.Errorf("build image %s: %w", ref, err)
	}
	removeOldImages(ctx, cli, name, time.Now())
	return ref, nil
}

// build builds the image from a context that exists in memory only.
func build(ctx context.Context, name, tag, dockerfile string, program []byte) error {
	archive, err := buildContext(dockerfile, program)
	if err != nil {
		return err
	}
	p, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: archive, Repo: registry + name, Tag: tag, KeepImage: true,
		BuildOptionsModifier: func(o *client.ImageBuildOptions) {
			o.Labels = map[string]string{labelImage: name}
		},
	}})
	return err
}

// buildContext packs the program and a Dockerfile.
func buildContext(dockerfile string, program []byte) (*bytes.Reader, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name string
		mode int64
		data []byte
	}{{"Dockerfile", 0o644, []byte(dockerfile)}, {"app", 0o755, program}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	return bytes.NewReader(b.Bytes()), w.Close()
}

// removeOldImages removes our images of the program that superfluous names. It
// is tidying and may fail; the engine itself keeps one that a container uses.
func removeOldImages(ctx context.Context, cli *client.Client, name string, now time.Time) {
	list, err := cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", labelImage+"="+name)})
	if err != nil {
		return
	}
	for _, img := range superfluous(list.Items, name, now) {
		_, _ = cli.ImageRemove(ctx, img.ID, client.ImageRemoveOptions{})
	}
}

// superfluous picks the images that each change of a program left behind: all
// but the newest few. One that another harness has just made or is about to use
// is young, and left alone; and so is an image that bears another name too.
func superfluous(all []image.Summary, name string, now time.Time) []image.Summary {
	ours := slices.DeleteFunc(slices.Clone(all), func(i image.Summary) bool {
		return len(i.RepoTags) != 1 || !strings.HasPrefix(i.RepoTags[0], registry+name+":")
	})
	slices.SortFunc(ours, func(a, b image.Summary) int { return cmp.Compare(b.Created, a.Created) })
	return slices.DeleteFunc(ours[min(keptImages, len(ours)):], func(i image.Summary) bool {
		return now.Sub(time.Unix(i.Created, 0)) < youngImage
	})
}
