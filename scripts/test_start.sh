#!/usr/bin/env bash
# Tests start_cluster.sh and demo.sh on ports and in a folder of their own: a
# wrong flag is told at once, a killed node is brought back, and a demo on a
# cluster that takes snapshots late still ends. What it makes, it removes.
set -euo pipefail
export PORT_OFFSET=${PORT_OFFSET:-20000} CLUSTER_DIR
CLUSTER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/raftkv.XXXXXX")
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
build
export RAFTKV
start=$root/scripts/start_cluster.sh
trap '"$root/scripts/stop_cluster.sh" --wipe >/dev/null' EXIT

grep -q 'Starts five local nodes' <<<"$("$start" --help)" || die '--help does not help'
for script in demo stop_cluster; do
  said=$("$root/scripts/$script.sh" --help) || die "$script.sh --help fails"
  case $said in *NODES* | *--wipe*) ;; *) die "$script.sh --help says '$said'" ;; esac
done
if "$root/scripts/demo.sh" --bogus >/dev/null 2>&1; then die 'demo.sh accepts a wrong argument'; fi
SECONDS=0
if said=$("$start" --bogus 2>&1); then die 'a wrong flag is accepted'; fi
case $said in *'unknown flag --bogus'*) ;; *) die "of a wrong flag it says '$said'" ;; esac
[ "$SECONDS" -lt 30 ] || die "a wrong flag took $SECONDS s to tell"

SNAPSHOT_ENTRIES=10000 "$start" >/dev/null
if "$start" >/dev/null 2>&1; then die 'a cluster that runs is started again'; fi
survivor=$(cat "$(pid_file 3)")
kill -KILL "$(cat "$(pid_file 2)")"
wait_until 30 eval '! running 2'
"$start" >/dev/null || die 'a killed node is not brought back'
running 2 || die 'node 2 does not run'
[ "$(cat "$(pid_file 3)")" = "$survivor" ] || die 'a node that ran was started again'
said=$(NODES=$NODES "$root/scripts/demo.sh") || die "the demo failed: $said"
grep -q 'snapshot_index: [1-9]' <<<"$said" || die 'the demo shows no snapshot'
echo 'ok: start_cluster.sh and demo.sh do what they say'
