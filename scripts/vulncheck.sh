#!/usr/bin/env bash
# Fails for known vulnerabilities in code that the program calls: scripts/vulncheck.sh [URL [EXCEPTIONS]]
#
# The database is the Go module golang.org/x/vulndb, in the version of tools/vulndb/go.mod,
# so that any Go module proxy suffices; or the one at URL, such as https://vuln.go.dev.
# EXCEPTIONS is scripts/vulncheck/exceptions.txt by default; empty for none.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
database=${1:-}
exceptions=${2-scripts/vulncheck/exceptions.txt}
if [ -z "$database" ]; then
    module=$(cd tools/vulndb && "$GO" mod download -json golang.org/x/vulndb)
    database=file://$(awk -F '"' '$2 == "Dir" { print $4 }' <<<"$module")/data/osv
fi
bin/tools/govulncheck -db "$database" -format json ./cmd/nginx-exporter | "$GO" run ./scripts/vulncheck ${exceptions:+"$exceptions"}
