#!/usr/bin/env bash
# Rewrites golden files and generated files: scripts/golden.sh 'Golden|Docs|Script'
#
# Runs only packages whose tests define the flag -update, since go test rejects unknown
# flags, and none of other modules, such as charts/promql.
set -euo pipefail

tests=${1:?usage: scripts/golden.sh PATTERN}
cd "$(dirname "$0")/.."

mapfile -t packages < <(
    grep -rlE --include='*_test.go' 'flag\.Bool(Var)?\(.*"update"' . |
        xargs -r -n 1 dirname | sort -u | grep -vFf <(find . -mindepth 2 -name go.mod -exec dirname {} \;)
)
if [ ${#packages[@]} = 0 ]; then
    echo "golden: no test defines the flag -update" >&2
    exit 1
fi
exec "${GO:-go}" test -count=1 -run "$tests" "${packages[@]}" -update
