#!/usr/bin/env bash
# Stops the local nodes, and only those that start_cluster.sh started.
# --wipe also removes their data and logs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wipe=no
case ${1:-} in
  '') ;;
  --wipe) wipe=yes ;;
  -h | --help)
    usage "${BASH_SOURCE[0]}"
    exit
    ;;
  *) die "unknown argument $1; usage: stop_cluster.sh [--wipe]" ;;
esac

none_running() { ! any_running; }

signal() {
  local i
  for i in "${ids[@]}"; do
    running "$i" && kill "-$1" "$(cat "$(pid_file "$i")")" 2>/dev/null
  done
  return 0
}

was=$(any_running && echo stopped || echo 'nothing was running')
signal TERM
if ! wait_until 10 none_running; then
  echo "some nodes do not stop by themselves: killing them" >&2
  signal KILL
  wait_until 5 none_running || die "some nodes cannot be killed: see the pid files in $CLUSTER_DIR"
fi
for i in "${ids[@]}"; do rm -f "$(pid_file "$i")"; done
if [ "$wipe" = yes ]; then
  for i in "${ids[@]}"; do rm -rf "${CLUSTER_DIR:?}/$i" "$CLUSTER_DIR/$i.log"; done
  [ ! -d "$CLUSTER_DIR" ] || rmdir --ignore-fail-on-non-empty "$CLUSTER_DIR" 2>/dev/null || true
  was="$was; data removed"
fi
echo "$was"
