#!/usr/bin/env bash
# Demonstrates the exporter with NGINX Plus, Angie or nginx-module-vts:
#   scripts/demo-standin.sh plus|angie|vts bin/nginx-exporter
#
# internal/standin/statusserver simulates them, with counters that increase as under
# traffic. The demo shows the metrics, and what happens to them if a part of the status
# fails. It stops all processes and removes all files at the end, with DEMO_KEEP=1 at
# Ctrl-C.
set -euo pipefail

dialect=${1:-}
exporter=${2:?usage: scripts/demo-standin.sh DIALECT EXPORTER}
root=$(dirname "$0")/..

# Of each dialect: flags of the exporter, series of nginx, one that says whether it is
# up and one that increases, the path that fails and its URL, source and series, and the
# families to show.
flags=()
case $dialect in
    plus)
        product='NGINX Plus' flags=(--nginx.plus) series=nginxplus_ up=nginxplus_up grows=nginxplus_http_requests_total
        path=http/caches url=/http/caches source=http_caches failing=caches failing_series=nginxplus_cache_
        families='nginxplus_connections_accepted nginxplus_http_requests_total nginxplus_server_zone_requests nginxplus_server_zone_sent
            nginxplus_location_zone_requests nginxplus_upstream_server_state nginxplus_upstream_server_requests nginxplus_upstream_server_received
            nginxplus_cache_hit_responses nginxplus_stream_server_zone_connections nginxplus_stream_zone_sync_status_msgs_in nginxplus_resolver_noerror'
        ;;
    angie)
        # Parts are requested by themselves, not all at once, if a source is disabled.
        product=Angie flags=(--no-collector.angie_slabs) series=angie_ up=nginx_up grows=angie_connections_accepted
        path=http/caches url=/status/http/caches source=angie_http_caches failing=caches failing_series=angie_http_caches_
        families='angie_connections_accepted angie_http_server_zones_requests_total angie_http_location_zones_requests_total
            angie_http_upstreams_peers_state angie_http_upstreams_peers_selected_total angie_http_upstreams_peers_data_received
            angie_http_caches_responses angie_http_limit_reqs angie_stream_server_zones_connections_total angie_resolvers_queries'
        ;;
    vts)
        product=nginx-module-vts series=nginx_vts_ up=nginx_up grows=nginx_http_requests_total
        path=root url=/status/format/json source=vts failing='the module' failing_series=nginx_vts_
        families='nginx_vts_info nginx_vts_server_requests_total nginx_vts_server_bytes_total nginx_vts_server_request_duration_seconds_bucket
            nginx_vts_filter_requests_total nginx_vts_upstream_requests_total nginx_vts_upstream_response_duration_seconds_bucket nginx_vts_cache_requests_total'
        ;;
    *)
        echo "usage: scripts/demo-standin.sh plus|angie|vts EXPORTER" >&2
        exit 2
        ;;
esac

# shellcheck source=scripts/stage.sh
. "$(dirname "$0")/stage.sh"
demo=demo-$dialect

# start_server ARGUMENTS: starts the simulator, which prints what to scrape.
start_server() {
    : >"$tmp/uri"
    "$tmp/statusserver" -dialect "$dialect" -tick 200ms "$@" >"$tmp/uri" 2>"$tmp/server.err" &
    server_pid=$!
    for _ in {1..600}; do
        uri=$(head -n 1 "$tmp/uri")
        if [ -n "$uri" ]; then return 0; fi
        kill -0 $server_pid 2>/dev/null || break
        sleep 0.1
    done
    cat "$tmp/server.err" >&2
    fail "statusserver did not start"
}

# scrape FILE: writes the metrics to a file.
scrape() {
    get "http://127.0.0.1:$exporter_port/metrics" >"$1"
}

# value FILE NAME: the value of a series without labels.
value() {
    awk -v name="$2" '$1 == name { printf "%d", $2 }' "$1"
}

# count FILE PATTERN: prints the number of matching series.
count() {
    grep -cE "$2" "$1" || true
}

# table BEFORE AFTER: prints one series above zero of each family from both files, with
# the difference.
table() {
    awk -v families="$up $families" '
        BEGIN { split(families, names); for (i in names) wanted[names[i]] = 1 }
        { space = match($0, / [^ ]*$/); series = substr($0, 1, space - 1); family = series; sub(/\{.*/, "", family) }
        NR == FNR { before[series] = $NF; next }
        FNR == 1 { printf "  %-94s %12s %12s %8s\n", "series", "before", "after", "change" }
        wanted[family] && $NF > 0 && !shown[family]++ {
            change = $NF - before[series]
            printf "  %-94s %12.0f %12.0f %8s\n", series, before[series], $NF, change ? sprintf("%+d", change) : ""
        }
    ' "$1" "$2"
}

# await_increase: waits until the counters have increased.
await_increase() {
    for _ in {1..600}; do
        scrape "$tmp/after"
        if (($(value "$tmp/after" $grows) > $(value "$tmp/before" $grows))); then return 0; fi
        sleep 0.1
    done
    cat "$tmp/exporter.log" >&2
    fail "$grows does not increase"
}

tmp=$(mktemp -d)
(cd "$root" && CGO_ENABLED=0 "${GO:-go}" build -o "$tmp/statusserver" ./internal/standin/statusserver)
start_server
echo "nginx:       $uri ($product, simulated)"
start_exporter "${flags[@]}" --nginx.scrape-uri="$uri"
echo "exporter:    http://127.0.0.1:$exporter_port/metrics, with ${flags[*]:+${flags[*]} }--nginx.scrape-uri=$uri"
scrape "$tmp/before"
await_increase
echo "series:      $(count "$tmp/after" "^$series") of $product"
echo
table "$tmp/before" "$tmp/after"

# The same server, of which a part has an error.
listen=${uri#http://}
stop $server_pid
start_server -listen "${listen%%/*}" -fault "500:$path"
scrape "$tmp/failed"
echo
echo "$url now responds with status 500. Only the series of $failing are omitted:"
printf '  %-30s %8s %8s\n' "" before now
printf '  %-30s %8s %8s\n' $up "$(value "$tmp/after" $up)" "$(value "$tmp/failed" $up)"
for row in "series of $failing:^$failing_series" "all series of $product:^$series"; do
    printf '  %-30s %8d %8d\n' "${row%%:*}" "$(count "$tmp/after" "${row#*:}")" "$(count "$tmp/failed" "${row#*:}")"
done
grep "^nginx_exporter_scrape_errors_total{reason=\"status\",source=\"$source\"}" "$tmp/failed" | sed 's/^/  /'
(($(count "$tmp/failed" "^$failing_series") == 0)) || fail "there are series of $failing without data"
finish true
