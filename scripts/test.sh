#!/usr/bin/env bash
# Runs the Go tests of this module: scripts/test.sh [FLAG of go test]...
#
# bin/test.log has the output, coverage.out the coverage of the packages with goroutines.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
log=bin/test.log
flags=(-count=1 -vet=off -timeout=30m "$@")

# Without goroutines the race detector finds nothing, but takes up to ten times the CPU time.
concurrency='^[[:space:]]*go [a-zA-Z(]|^[[:space:]]+"(sync|sync/atomic|net/http/httptest)"$|make\(chan|t\.Parallel\(\)'
concurrent=()
sequential=()
while read -r directory; do
    if grep -qE "$concurrency" "$directory"/*.go; then
        concurrent+=("$directory")
    else
        sequential+=("$directory")
    fi
done < <("$GO" list -f '{{.Dir}}' ./...)

mkdir -p bin
failed=
# Only the race detector needs C: programs that the tests build share the compiled packages of other targets.
CGO_ENABLED=1 "$GO" test -race -exec='env CGO_ENABLED=0' -coverprofile=coverage.out "${flags[@]}" "${concurrent[@]}" | tee "$log" || failed=1
"$GO" test "${flags[@]}" "${sequential[@]}" | tee -a "$log" || failed=1
if [ -n "$failed" ]; then
    echo "make test: failed:"
    grep -E '^ *--- FAIL|^FAIL|^panic: |DATA RACE' "$log"
    exit 1
fi
