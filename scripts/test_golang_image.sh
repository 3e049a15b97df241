#!/usr/bin/env bash
# Tests the Dockerfile's default target, which compiles in a golang image. Where
# that image is not at hand, a stand-in is made of this machine's Go, its module
# cache and a static busybox; so no registry is needed. What it makes, it removes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

docker version >/dev/null 2>&1 || { echo 'skipped: no Docker engine answers'; exit 0; }
tag=test-$$
made=local.invalid/raftkv/golang:$tag
result=local.invalid/raftkv/built:$tag
work=$(mktemp -d "${TMPDIR:-/tmp}/raftkv.XXXXXX")
cleanup() {
  docker rmi -f "$result" "$made" >/dev/null 2>&1 || true
  # The classic builder leaves the compiling stage behind, without a name.
  docker images -q --filter dangling=true --filter "label=raftkv.test=$tag" | xargs -r docker rmi -f >/dev/null 2>&1 || true
  chmod -R u+w "$work" && rm -rf "$work"
}
trap cleanup EXIT

# find_busybox puts a static busybox at $1, from this machine or its packages.
find_busybox() {
  local here
  here=$(command -v busybox || true)
  if [ -n "$here" ] && ! ldd "$here" >/dev/null 2>&1; then
    cp "$here" "$1"
    return
  fi
  command -v apt-get >/dev/null || return 1
  (cd "$work" && apt-get download -q busybox-static >/dev/null 2>&1 && dpkg -x busybox-static_*.deb deb) || return 1
  cp "$(find "$work/deb" -type f -path '*/bin/busybox')" "$1"
}

# stand_in makes the image $made.
stand_in() {
  local fs=$work/fs goroot modcache
  goroot=$(go env GOROOT)
  modcache=$(go env GOMODCACHE)
  mkdir -p "$fs/bin" "$fs/tmp" "$fs/usr/local" "$fs/go/pkg"
  find_busybox "$fs/bin/busybox" || { echo 'skipped: no golang image, and no busybox-static to make one with'; exit 0; }
  for tool in sh mkdir cat rm ls; do ln -s busybox "$fs/bin/$tool"; done
  cp -r "$goroot" "$fs/usr/local/go"
  # Just the modules that the build needs, out of this machine's cache.
  CGO_ENABLED=0 GOMODCACHE=$fs/go/pkg/mod GOFLAGS=-modcacherw GOSUMDB=off \
    GOPROXY="file://$modcache/cache/download" go list -deps ./cmd/raftkv >/dev/null 2>"$work/log" ||
    die "no complete module cache (go mod download fills it): $(tail -n 1 "$work/log")"
  tar -C "$fs" -c . | docker import \
    --change 'ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOPROXY=off GOTOOLCHAIN=local GOCACHE=/tmp/cache' \
    --change "LABEL raftkv.test=$tag" - "$made" >/dev/null
}

image=golang:1.26
if ! docker image inspect "$image" >/dev/null 2>&1; then
  echo "no image $image here: making a stand-in"
  stand_in
  image=$made
fi
echo "building with $image"
docker build --quiet --target built --build-arg "GO_IMAGE=$image" --build-arg "VERSION=$tag" -t "$result" . >/dev/null
said=$(docker run --rm "$result" version)
case $said in
  "raftkv $tag go"*) echo "ok: $said" ;;
  *) die "the image says '$said'" ;;
esac
