#!/usr/bin/env bash
# Measures writes, linearizable reads, and both mixed, on five nodes. Uses the
# cluster at NODES if one answers, and else starts the local one, with the
# server's default settings. Arguments go to `raftkv bench`, for one run of it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
build

if ! reachable; then
  SNAPSHOT_ENTRIES=10000 borrow_cluster
fi

run() {
  printf '$ raftkv bench %s\n' "$*"
  "$RAFTKV" bench --nodes "$NODES" "$@"
}

if [ $# -gt 0 ]; then
  run "$@"
  exit
fi
run --clients 1 --duration 5s
run --clients 64 --duration 5s
run --clients 256 --duration 10s
run --clients 256 --duration 5s --read-share 1
run --clients 256 --duration 5s --read-share 0.9
