#!/usr/bin/env bash
# A tour: status, a write, a read, writes until a snapshot is taken, and the
# state of every node after that. Uses the cluster at NODES if one answers, and
# else starts the local one for the occasion.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in
  '') ;;
  -h | --help)
    usage "${BASH_SOURCE[0]}"
    exit
    ;;
  *) die "unknown argument $1; it takes none, NODES names the cluster" ;;
esac
build

step() { printf '\n== %s\n' "$*"; }

run() {
  printf '$ raftkv %s\n' "$*"
  "$RAFTKV" "$@" --nodes "$NODES"
}

# The nodes of our own take a snapshot after 1000 entries; others by default
# after 10000, or after 64 MB of log, which large values reach sooner.
load=(--n 1000 --clients 2)
if reachable; then
  load=(--n 250 --clients 32 --value-size 65536 --keys 50)
  echo "This uses the cluster that answers at $NODES."
  echo 'It writes up to 200 MB there, and leaves the keys user:1 and bench/*.'
else
  borrow_cluster
fi

step 'five nodes, one of them leads'
run status

step 'a write is acknowledged when a majority has it on disk'
run put --key user:1 --value active

step 'a read sees every write acknowledged before it'
run get --key user:1

# The least snapshot index of all nodes; an unreachable one counts as none.
least() { status | awk 'NR > 1 { v = $7 + 0; if (NR == 2 || v < min) min = v } END { print min + 0 }'; }

step 'writes, until every node has taken a snapshot of them'
before=$(least)
for _ in $(seq 12); do
  run bench "${load[@]}"
  [ "$(least)" -gt "$before" ] && break
done
[ "$(least)" -gt "$before" ] || die "no snapshot on every node after all these writes; is --snapshot-entries very high?"

step 'the end state of every node'
status | awk 'NR > 1 {
  printf "node %s: role: %s, term: %s, commit: %s, applied: %s\n", $1, $3, $4, $5, $6
  printf "  snapshot_index: %s\n", $7
}'
