#!/usr/bin/env bash
# Prints the file NOTICE: the modules in the program, on all systems, with their licenses.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
format='{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}'
for system in linux darwin windows freebsd openbsd; do
    GOOS=$system CGO_ENABLED=0 "$GO" list -deps -f "$format" ./cmd/nginx-exporter
done | LC_ALL=C sort -u | "$GO" run ./scripts/licenses
