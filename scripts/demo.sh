#!/usr/bin/env bash
# Demonstrates the exporter with a real nginx: scripts/demo.sh bin/nginx-exporter
#
# Starts nginx with examples/basic/nginx-status.conf and the exporter on free ports of
# the loopback interface, sends requests, and shows the metrics before and after, and
# status codes and latency from the access log. Then it stops nginx, and shows what metrics, log and doctor report, and the recovery. It stops
# all processes and removes all files at the end, with DEMO_KEEP=1 at Ctrl-C.
set -euo pipefail

exporter=${1:?usage: scripts/demo.sh EXPORTER}
snippet=$(dirname "$0")/../examples/basic/nginx-status.conf
log_snippet=$(dirname "$0")/../examples/access-log/shop-spool.conf
PATH=$PATH:/usr/sbin

clients=5
requests=40 # of each client

# shellcheck source=scripts/stage.sh
. "$(dirname "$0")/stage.sh"

write_nginx_conf() {
    sed "s/listen 127\.0\.0\.1:8080;/listen 127.0.0.1:$status_port;/" "$snippet" >"$tmp/status.conf"
    grep -q "listen 127.0.0.1:$status_port;" "$tmp/status.conf" || fail "$snippet has no line \"listen 127.0.0.1:8080;\""
    {
        sed -n '/^log_format/,/;$/p' "$log_snippet"
        echo "access_log $tmp/access.log nginx_exporter buffer=64k flush=1s;"
    } >"$tmp/log.conf"
    cat >"$tmp/nginx.conf" <<END
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {}
http {
    include log.conf;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    server {
        listen 127.0.0.1:$site_port;
        server_name shop.example.com;
        location / {
            return 200 "hello\n";
        }
        location /checkout {
            return 503;
        }
    }

    # The example configuration, on a free port.
    include status.conf;
}
END
}

# run_nginx: runs nginx until it responds.
run_nginx() {
    nginx 2>"$tmp/nginx.err" &
    server_pid=$!
    responds $server_pid "http://127.0.0.1:$status_port/stub_status" && [ -s "$tmp/nginx.pid" ]
}

# start_nginx tries ports until nginx can listen. The PID file shows that the response
# is not that of another server: nginx creates it after it listens.
start_nginx() {
    for _ in {1..20}; do
        site_port=$((20000 + RANDOM % 10000))
        status_port=$((site_port + 1))
        if in_use $site_port || in_use $status_port; then continue; fi
        write_nginx_conf
        if run_nginx; then return 0; fi
        stop $server_pid
        server_pid=
        grep -q 'bind() to' "$tmp/nginx.err" || break
    done
    cat "$tmp/nginx.err" >&2
    fail "nginx did not start"
}

traffic() {
    for ((i = 0; i < clients; i++)); do
        get --output /dev/null "http://127.0.0.1:$site_port/page[1-$requests]"
    done
    curl --noproxy '*' --silent --output /dev/null "http://127.0.0.1:$site_port/checkout"
}

# logged: waits until the access log has all requests, which nginx writes after a second,
# and prints codes and the 95th percentile of latency.
logged() {
    for _ in {1..100}; do
        metrics '^nginx_http_(responses_total|request_duration_seconds_(bucket|count))' >"$tmp/log"
        if awk -v least=$((clients * requests + 1)) '/^nginx_http_responses_total/ { sum += $2 } END { exit sum < least }' "$tmp/log"; then
            grep '^nginx_http_responses_total' "$tmp/log"
            awk -F '[" ]' '
                /_count/ { count = $NF }
                /_bucket/ { le[++n] = $2; below[n] = $NF }
                END {
                    for (i = 1; i <= n; i++) if (below[i] >= 0.95 * count) { print "95% of requests took at most " le[i] " s"; exit }
                }' "$tmp/log"
            return 0
        fi
        sleep 0.1
    done
    fail "the access log does not have all requests"
}

# metrics PATTERN: prints matching metrics.
metrics() {
    get "http://127.0.0.1:$exporter_port/metrics" | grep -E "$1"
}

# show TEXT: prints the lines of a text, indented.
show() {
    awk '{ print "  " $0 }' <<<"$1"
}

# log_line PATTERN: waits for the last line of the exporter's log to match, and prints it.
log_line() {
    for _ in {1..100}; do
        if tail -n 1 "$tmp/exporter.log" | grep -E "$1"; then return 0; fi
        sleep 0.1
    done
    fail "the log has no line with $1"
}

# scrape FILE: writes the metrics of nginx to a file.
scrape() {
    metrics '^nginx_(up|connections_|http_requests_total)' >"$1"
    grep -qx 'nginx_up 1' "$1" || fail "nginx_up is not 1"
}

# table BEFORE AFTER: prints both files with the differences. It fails unless nginx
# has counted at least the requests that were sent.
table() {
    awk -v least=$((clients * requests)) '
        NR == FNR { before[$1] = $2; next }
        FNR == 1 { printf "  %-30s %10s %10s %10s\n", "metric", "before", "after", "change" }
        {
            change = $2 - before[$1]
            printf "  %-30s %10d %10d %10s\n", $1, before[$1], $2, change ? sprintf("%+d", change) : ""
            if ($1 == "nginx_http_requests_total") counted = change
        }
        END { exit counted < least }
    ' "$1" "$2"
}

tmp=$(mktemp -d)
# doctor examines the nginx in the PATH: that of the demo.
mkdir "$tmp/bin"
printf '#!/bin/sh\nexec "%s" -p "%s" -c nginx.conf "$@"\n' "$(command -v nginx)" "$tmp" >"$tmp/bin/nginx"
chmod +x "$tmp/bin/nginx"
PATH=$tmp/bin:$PATH
start_nginx
echo "nginx:     $(nginx -v 2>&1 | sed 's/.*: //'), site on http://127.0.0.1:$site_port/,"
echo "           status on http://127.0.0.1:$status_port/stub_status (examples/basic/nginx-status.conf)"
start_exporter --nginx.scrape-uri="http://127.0.0.1:$status_port/stub_status" --nginx.access-log="spool:$tmp/access.log"
echo "exporter:  http://127.0.0.1:$exporter_port/metrics"
scrape "$tmp/before"
traffic
echo "traffic:   $clients clients, $requests requests each, and one that fails"
scrape "$tmp/after"
echo
table "$tmp/before" "$tmp/after" || fail "nginx_http_requests_total does not include all requests"
echo
echo "The scrape itself is one more request."
echo
echo "Status codes and latency, from the access log:"
show "$(logged)"

stop $server_pid
server_pid=
echo
echo "nginx is stopped. Metrics of nginx are omitted, except:"
down=$(metrics '^nginx_(up|connections_|http_requests)|^nginx_exporter_scrape_errors_total.* [1-9]')
grep -qx 'nginx_up 0' <<<"$down" || fail "nginx_up is not 0 after nginx stopped"
show "$down"
echo "The log has one line:"
show "$(log_line 'Scrape failed')"
echo "\"nginx-exporter doctor\" finds the cause:"
if diagnosis=$("$exporter" doctor --nginx.scrape-uri="http://127.0.0.1:$status_port/stub_status"); then
    fail "doctor found no problem after nginx stopped"
fi
show "$diagnosis"
run_nginx || fail "nginx did not start again"
echo
echo "nginx is started again:"
show "$(metrics '^nginx_up')"
show "$(log_line 'Scrape recovered')"
finish traffic
