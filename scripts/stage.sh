# What a demonstration plays on, for scripts that source it: a folder, processes
# and ports that are all gone when it ends, however it ends. The script sets
# server_pid to the server that it starts, and exporter to the program.
# shellcheck shell=bash

tmp=
server_pid=
exporter_pid=

# stop PID: ends a process of ours, gently for five seconds.
stop() {
    kill -TERM "$1" 2>/dev/null || return 0
    for _ in {1..50}; do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
}

clean_up() {
    trap - EXIT
    trap '' INT TERM HUP # what was begun is cleaned up to the end
    if [ -n "$exporter_pid" ]; then stop "$exporter_pid"; fi
    if [ -n "$server_pid" ]; then stop "$server_pid"; fi
    if [ -n "$tmp" ]; then rm -rf "$tmp"; fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "$(basename "$0" .sh): $*" >&2
    exit 1
}

get() {
    curl --noproxy '*' --silent --show-error --fail --max-time 10 "$@"
}

taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# answers PID URL: waits until the URL answers; fails once the process is gone
# or ten seconds are over.
answers() {
    for _ in {1..100}; do
        kill -0 "$1" 2>/dev/null || return 1
        if get --output /dev/null "$2" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

# start_exporter FLAGS: on a free port.
start_exporter() {
    for _ in {1..20}; do
        exporter_port=$((30000 + RANDOM % 2000))
        if taken $exporter_port; then continue; fi
        # shellcheck disable=SC2154 # the script that sources this has set it
        "$exporter" --web.listen-address="127.0.0.1:$exporter_port" \
            "$@" 2>"$tmp/exporter.log" &
        exporter_pid=$!
        if answers $exporter_pid "http://127.0.0.1:$exporter_port/-/ready" && kill -0 $exporter_pid; then
            return 0
        fi
        stop $exporter_pid
        exporter_pid=
        grep -q 'address already in use' "$tmp/exporter.log" || break
    done
    cat "$tmp/exporter.log" >&2
    fail "the exporter does not start"
}
