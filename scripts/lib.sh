# What the scripts share; sourced, not run. Settings, all overridable:
#   CLUSTER_DIR   where a local cluster keeps data, logs and pid files (.cluster)
#   PORT_OFFSET   added to every port, for a second cluster on one machine (0)
#   NODES         the client addresses (127.0.0.1:7001 to 7005)
#   RAFTKV        a program to use as it is, instead of building bin/raftkv
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CLUSTER_DIR=${CLUSTER_DIR:-$root/.cluster}
PORT_OFFSET=${PORT_OFFSET:-0}
ids=(1 2 3 4 5)

port() { echo $(($1 + $2 + PORT_OFFSET)); } # base id

if [ -z "${NODES:-}" ]; then
  NODES=$(for i in "${ids[@]}"; do printf '127.0.0.1:%s,' "$(port 7000 "$i")"; done)
  NODES=${NODES%,}
fi

# usage prints the comment at the top of a script.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"; }

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "$tool is not installed; install it, or set RAFTKV to a built program"
  done
}

# build makes bin/raftkv, and sets RAFTKV to it, unless one was given.
build() {
  [ -n "${RAFTKV:-}" ] && return
  need go make
  make -s --no-print-directory -C "$root" store
  RAFTKV=$root/bin/raftkv
}

pid_file() { echo "$CLUSTER_DIR/$1.pid"; }

# running says whether node $1 of the local cluster runs. A pid that by now
# belongs to another program does not count.
running() {
  local file pid
  file=$(pid_file "$1")
  [ -s "$file" ] || return 1
  pid=$(cat "$file")
  case $(ps -p "$pid" -o args= 2>/dev/null) in
    *raftkv*"--id $1 "*) return 0 ;;
  esac
  return 1
}

any_running() {
  local i
  for i in "${ids[@]}"; do running "$i" && return 0; done
  return 1
}

# wait_until tries a command every tenth of a second, for $1 seconds at most.
wait_until() {
  local tries=$(($1 * 10))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

status() { "$RAFTKV" status --nodes "$NODES" --timeout 5s "$@"; }

# settled: every node answers, and they name one and the same leader.
settled() {
  status 2>/dev/null | awk '
    NR > 1 { n++; if ($NF == "none" || $NF == "-" || (n > 1 && $NF != leader)) bad = 1; leader = $NF }
    END { exit bad || n == 0 }'
}

# reachable: some node of NODES answers.
reachable() {
  { status 2>/dev/null || true; } | awk 'NR > 1 && $3 != "unreachable" { some = 1 } END { exit !some }'
}

# borrow_cluster starts a local cluster in a folder of its own, which goes when
# the script ends.
borrow_cluster() {
  CLUSTER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/raftkv.XXXXXX")
  export CLUSTER_DIR RAFTKV PORT_OFFSET SNAPSHOT_ENTRIES
  trap '"$root/scripts/stop_cluster.sh" --wipe >/dev/null' EXIT
  "$root/scripts/start_cluster.sh" >/dev/null
}
