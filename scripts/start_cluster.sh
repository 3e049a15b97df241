#!/usr/bin/env bash
# Starts five local nodes: clients on 127.0.0.1:7001 to 7005, peers on 8001 to
# 8005, admin pages on 9001 to 9005, data and logs under .cluster/. A cluster
# that was stopped goes on with its data; of one that runs, the nodes that have
# died are started again. Further arguments go to every node started, as in
#   start_cluster.sh --log-level debug
# CLUSTER_DIR is another folder for data and logs; PORT_OFFSET is added to every
# port, for a second cluster.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# Low, so that a short visit gets to see snapshots.
SNAPSHOT_ENTRIES=${SNAPSHOT_ENTRIES:-1000}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

case ${1:-} in
  -h | --help)
    usage "${BASH_SOURCE[0]}"
    exit
    ;;
esac

missing=()
for i in "${ids[@]}"; do running "$i" || missing+=("$i"); done
[ "${#missing[@]}" -gt 0 ] || die "the cluster runs already (pid files in $CLUSTER_DIR); scripts/stop_cluster.sh stops it"
for i in "${missing[@]}"; do
  for base in 7000 8000 9000; do
    p=$(port "$base" "$i")
    taken "$p" && die "port $p is taken by another program; stop that (containers: make down), or set PORT_OFFSET"
  done
done
build

peers=$(for i in "${ids[@]}"; do printf '%s=127.0.0.1:%s,' "$i" "$(port 8000 "$i")"; done)
mkdir -p "$CLUSTER_DIR"
# give_up ends what was started here, and nothing else.
give_up() {
  local i
  for i in "${missing[@]}"; do running "$i" && kill -KILL "$(cat "$(pid_file "$i")")"; done
  return 0
}
missing_run() {
  local i
  for i in "${missing[@]}"; do running "$i" && return 0; done
  return 1
}
settled_or_dead() { settled || ! missing_run; }

trap give_up EXIT
for i in "${missing[@]}"; do
  nohup "$RAFTKV" serve --id "$i" --data-dir "$CLUSTER_DIR/$i" --peers "${peers%,}" \
    --listen-client "127.0.0.1:$(port 7000 "$i")" \
    --listen-peer "127.0.0.1:$(port 8000 "$i")" \
    --listen-admin "127.0.0.1:$(port 9000 "$i")" \
    --snapshot-entries "$SNAPSHOT_ENTRIES" "$@" \
    </dev/null >>"$CLUSTER_DIR/$i.log" 2>&1 &
  echo $! >"$(pid_file "$i")"
done
if ! wait_until 60 settled_or_dead || ! missing_run; then
  for i in "${missing[@]}"; do
    running "$i" || echo "node $i: $(tail -n 1 "$CLUSTER_DIR/$i.log")" >&2
  done
  missing_run || die "the nodes that were started have ended; their logs are $CLUSTER_DIR/*.log"
  die "the nodes did not agree on a leader within 60 s; their logs are $CLUSTER_DIR/*.log"
fi
trap - EXIT
echo "five nodes run; logs and data are in $CLUSTER_DIR"
status
