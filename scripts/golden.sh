#!/usr/bin/env bash
# Rewrites what tests compare with or generate: scripts/golden.sh 'Golden|Docs|Script'
#
# Only packages whose tests define the -update flag are run: go test refuses a
# flag that the package does not know.
set -euo pipefail

tests=${1:?usage: scripts/golden.sh PATTERN}
cd "$(dirname "$0")/.."

mapfile -t packages < <(
    grep -rlE --include='*_test.go' 'flag\.Bool(Var)?\(.*"update"' . |
        xargs -r -n 1 dirname | sort -u
)
if [ ${#packages[@]} = 0 ]; then
    echo "golden: no test defines the flag -update" >&2
    exit 1
fi
exec "${GO:-go}" test -count=1 -run "$tests" "${packages[@]}" -update
