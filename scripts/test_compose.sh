#!/usr/bin/env bash
# Tests docker-compose.yml with the prebuilt image: five healthy nodes, a write,
# a read, data that survives a restart. What it makes, it removes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

docker version >/dev/null 2>&1 || { echo 'skipped: no Docker engine answers'; exit 0; }
[ -x bin/linux/raftkv ] || die 'no bin/linux/raftkv; run make static first'
RAFTKV=${RAFTKV:-$root/bin/linux/raftkv}
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
export RAFTKV_TARGET=prebuilt COMPOSE_PROJECT_NAME=raftkv-test-$$
trap '"${compose[@]}" down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1' EXIT

kv() { "$RAFTKV" "$@" --nodes "$NODES" --timeout 30s; }
healthy() { [ "$(docker ps -q --filter "name=$COMPOSE_PROJECT_NAME" --filter health=healthy | wc -l)" = 5 ]; }

[ "$("${compose[@]}" config | grep -c 'context:')" = 1 ] || die 'the image is to be built once, by n1'
"${compose[@]}" up --build -d >/dev/null 2>&1 || die "${compose[*]} up failed; are ports 7001 to 7005 and 9001 to 9005 free?"
wait_until 120 healthy || die 'the five nodes did not become healthy'
wait_until 60 settled || die 'the nodes did not agree on a leader'
kv put --key user:1 --value active >/dev/null
"${compose[@]}" restart --timeout 5 >/dev/null 2>&1
wait_until 60 settled || die 'the nodes did not agree on a leader after a restart'
value=$(kv get --key user:1)
[ "$value" = active ] || die "after a restart user:1 is '$value'"
echo "ok: ${compose[*]} runs five healthy nodes, and data survives a restart"
