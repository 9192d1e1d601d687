#!/usr/bin/env bash
# Demonstrates the exporter with the NGINX Plus API: scripts/demo-plus.sh bin/nginx-exporter
#
# NGINX Plus needs a license, so internal/bench/plusserver simulates its API, with
# counters that increase as under traffic. The demo shows the metrics, and what
# happens to them if one endpoint of the API fails. It stops all processes and
# removes all files at the end, with DEMO_KEEP=1 at Ctrl-C.
set -euo pipefail

exporter=${1:?usage: scripts/demo-plus.sh EXPORTER}
root=$(dirname "$0")/..

# shellcheck source=scripts/stage.sh
. "$(dirname "$0")/stage.sh"

# start_server ARGUMENTS: starts the simulator, which prints the URL of the API.
start_server() {
    : >"$tmp/api"
    "$tmp/plusserver" "$@" >"$tmp/api" 2>"$tmp/server.err" &
    server_pid=$!
    for _ in {1..600}; do
        api=$(head -n 1 "$tmp/api")
        if [ -n "$api" ]; then return 0; fi
        kill -0 $server_pid 2>/dev/null || break
        sleep 0.1
    done
    cat "$tmp/server.err" >&2
    fail "plusserver did not start"
}

# scrape FILE: writes the metrics of nginx to a file.
scrape() {
    get "http://127.0.0.1:$exporter_port/metrics" | grep '^nginxplus_' >"$1" || true
    if ! grep -qx 'nginxplus_up 1' "$1"; then
        cat "$tmp/exporter.log" >&2
        fail "nginxplus_up is not 1"
    fi
}

# value FILE NAME: the value of a series without labels.
value() {
    awk -v name="$2" '$1 == name { printf "%d", $2 }' "$1"
}

# count FILE PATTERN: prints the number of matching series.
count() {
    grep -cE "$2" "$1" || true
}

# table BEFORE AFTER: prints one series of each kind from both files, with the
# difference.
table() {
    awk '
        BEGIN {
            split("nginxplus_up nginxplus_connections_accepted nginxplus_http_requests_total " \
                "nginxplus_server_zone_requests nginxplus_server_zone_sent nginxplus_location_zone_requests " \
                "nginxplus_upstream_server_state nginxplus_upstream_server_requests nginxplus_upstream_server_received " \
                "nginxplus_cache_hit_responses nginxplus_stream_server_zone_connections " \
                "nginxplus_stream_zone_sync_status_msgs_in nginxplus_resolver_noerror", names, " ")
            for (i in names) wanted[names[i]] = 1
        }
        { space = match($0, / [^ ]*$/); series = substr($0, 1, space - 1); family = series; sub(/\{.*/, "", family) }
        NR == FNR { before[series] = $NF; next }
        FNR == 1 { printf "  %-76s %12s %12s %8s\n", "series", "before", "after", "change" }
        wanted[family] && !shown[family]++ {
            change = $NF - before[series]
            printf "  %-76s %12.0f %12.0f %8s\n", series, before[series], $NF, change ? sprintf("%+d", change) : ""
        }
    ' "$1" "$2"
}

# await_increase: waits until the counters have increased twice.
await_increase() {
    for _ in {1..600}; do
        scrape "$tmp/after"
        if (($(value "$tmp/after" nginxplus_http_requests_total) >= \
            $(value "$tmp/before" nginxplus_http_requests_total) + 20)); then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

tmp=$(mktemp -d)
(cd "$root" && CGO_ENABLED=0 "${GO:-go}" build -o "$tmp/plusserver" ./internal/bench/plusserver)
start_server -tick 200ms
echo "NGINX Plus:  $api (simulated)"
start_exporter --nginx.plus --nginx.scrape-uri="$api"
echo "exporter:    http://127.0.0.1:$exporter_port/metrics, with --nginx.plus --nginx.scrape-uri=$api"
scrape "$tmp/before"
await_increase || fail "nginxplus_http_requests_total does not follow the API"
echo "series:      $(count "$tmp/after" .) of NGINX Plus, of which $(count "$tmp/after" '^nginxplus_upstream_server_') are for upstream servers"
echo
table "$tmp/before" "$tmp/after"

# The same server, with an error for /http/caches.
listen=${api#http://}
stop $server_pid
start_server -listen "${listen%/api}" -tick 200ms -fault 500:http/caches
scrape "$tmp/partial"
echo
echo "/http/caches now responds with status 500. Only the series of caches are omitted:"
printf '  %-30s %8s %8s\n' "" before now
printf '  %-30s %8s %8s\n' "nginxplus_up" 1 "$(value "$tmp/partial" nginxplus_up)"
printf '  %-30s %8d %8d\n' "series of caches" "$(count "$tmp/after" '^nginxplus_cache_')" "$(count "$tmp/partial" '^nginxplus_cache_')"
printf '  %-30s %8d %8d\n' "series of upstream servers" "$(count "$tmp/after" '^nginxplus_upstream_server_')" \
    "$(count "$tmp/partial" '^nginxplus_upstream_server_')"
(($(count "$tmp/partial" '^nginxplus_cache_') == 0)) || fail "there are series of caches without data"
finish demo-plus true
