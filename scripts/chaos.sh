#!/usr/bin/env bash
# Breaks a cluster on purpose and judges what its clients saw. Arguments go to
# `chaos run`: chaos.sh --scenario leader-kill --driver process --seed 7
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need go make
cd "$root"
make -s --no-print-directory build
exec bin/chaos run "$@"
