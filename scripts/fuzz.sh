#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another: scripts/fuzz.sh 30s
#
# A target that fails does not keep the others from running; go test writes the
# input that broke it below that package's testdata/fuzz.
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
