#!/usr/bin/env bash
# Compares how exporters count access logs: scripts/benchlog.sh PATTERN
#
# OURS, ALE, ALE_CONFIG and NGINXLOG are paths of binaries and a file; see
# internal/bench/accesslog. PATTERN selects benchmarks, such as File or 'UDP/200000'.
set -euo pipefail

for variable in OURS ALE ALE_CONFIG NGINXLOG; do
    if [ -n "${!variable:-}" ]; then
        export "$variable=$(realpath "${!variable}")"
    fi
done
exec "${GO:-go}" test ./internal/bench/accesslog -run '^$' -bench "$1" -benchtime 1x -timeout 30m
