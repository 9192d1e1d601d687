#!/usr/bin/env bash
# Demonstrates the exporter with nginx-module-vts: scripts/demo-vts.sh bin/nginx-exporter
#
# internal/bench/statusserver serves the JSON of the module, with counters that
# increase as under traffic. The demo shows the metrics, and what happens to them if
# the server ends. It stops all processes and removes all files at the end.
set -euo pipefail

exporter=${1:?usage: scripts/demo-vts.sh EXPORTER}
root=$(dirname "$0")/..

# shellcheck source=scripts/stage.sh
. "$(dirname "$0")/stage.sh"

# value NAME: prints the value of a series without labels.
value() {
    get "http://127.0.0.1:$exporter_port/metrics" | awk -v name="$1" '$1 == name { printf "%d", $2 }'
}

# await NAME LEAST: waits until a series has at least that value.
await() {
    for _ in {1..600}; do
        if (($(value "$1") >= $2)); then return 0; fi
        sleep 0.1
    done
    cat "$tmp/exporter.log" >&2
    fail "$1 is not $2"
}

tmp=$(mktemp -d)
(cd "$root" && CGO_ENABLED=0 "${GO:-go}" build -o "$tmp/statusserver" ./internal/bench/statusserver)
"$tmp/statusserver" -dialect vts -tick 200ms >"$tmp/uri" 2>"$tmp/server.err" &
server_pid=$!
for _ in {1..600}; do
    uri=$(head -n 1 "$tmp/uri")
    if [ -n "$uri" ]; then break; fi
    kill -0 $server_pid 2>/dev/null || break
    sleep 0.1
done
if [ -z "$uri" ]; then
    cat "$tmp/server.err" >&2
    fail "statusserver did not start"
fi
echo "module:      $uri (simulated)"
start_exporter --nginx.scrape-uri="$uri"
echo "exporter:    http://127.0.0.1:$exporter_port/metrics, with --nginx.scrape-uri=$uri"
await nginx_up 1
before=$(value nginx_http_requests_total)
await nginx_http_requests_total $((before + 1))
echo "requests:    $before, then $(value nginx_http_requests_total)"
get "http://127.0.0.1:$exporter_port/metrics" >"$tmp/metrics"
echo "series:      $(grep -c '^nginx_vts_' "$tmp/metrics") of nginx-module-vts, such as"
grep -m 1 '^nginx_vts_info' "$tmp/metrics" | sed 's/^/  /'
grep -m 2 '^nginx_vts_server_requests_total{code="2xx"' "$tmp/metrics" | sed 's/^/  /'
grep -m 1 '^nginx_vts_upstream_response_duration_seconds_bucket{le="0.1"' "$tmp/metrics" | sed 's/^/  /'
echo
echo "The server ends:"
stop $server_pid
get "http://127.0.0.1:$exporter_port/metrics" >"$tmp/metrics"
grep -E '^(nginx_up|nginx_exporter_scrape_errors_total\{reason="refused",source="vts"\}) ' "$tmp/metrics" | sed 's/^/  /'
echo "  series of nginx-module-vts: $(grep -c '^nginx_vts_' "$tmp/metrics" || true)"
