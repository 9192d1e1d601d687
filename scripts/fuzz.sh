#!/usr/bin/env bash
# Runs all fuzz targets of the module in turn: scripts/fuzz.sh 30s
#
# A failure does not stop the others; go test writes the failing input to
# testdata/fuzz of the package.
set -euo pipefail

fuzztime=${1:?usage: scripts/fuzz.sh DURATION}
go=${GO:-go}
cd "$(dirname "$0")/.."

packages=$("$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)
found=0
failed=()
for package in $packages; do
    listed=$("$go" test -list '^Fuzz' "$package")
    for target in $(grep '^Fuzz' <<<"$listed" || true); do
        found=$((found + 1))
        echo "fuzz: $target of $package for $fuzztime"
        "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" "$package" || failed+=("$target of $package")
    done
done

if [ "$found" = 0 ]; then
    echo "fuzz: no fuzz target found" >&2
    exit 1
fi
if [ ${#failed[@]} -gt 0 ]; then
    printf 'fuzz: FAIL: %s\n' "${failed[@]}" >&2
    exit 1
fi
echo "fuzz: all $found targets passed"
