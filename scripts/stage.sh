# Functions for demos, to be sourced: start and stop processes, find free ports, and
# clean up at the end, also after errors. The script sets server_pid to the server that
# it starts, exporter to the binary, and demo to the target of make.
# shellcheck shell=bash

demo=$(basename "$0" .sh)
tmp=
server_pid=
exporter_pid=

# stop PID: stops a process, and kills it after five seconds.
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
    trap '' INT TERM HUP # complete the cleanup
    if [ -n "$exporter_pid" ]; then stop "$exporter_pid"; fi
    if [ -n "$server_pid" ]; then stop "$server_pid"; fi
    if [ -n "$tmp" ]; then rm -rf "$tmp"; fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "$demo: $*" >&2
    exit 1
}

get() {
    curl --noproxy '*' --silent --show-error --fail --max-time 10 "$@"
}

in_use() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# responds PID URL: waits until the URL responds; fails if the process ends, or after
# a minute.
responds() {
    for _ in {1..600}; do
        kill -0 "$1" 2>/dev/null || return 1
        if get --output /dev/null "$2" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

# start_exporter FLAGS: starts the exporter on a free port.
start_exporter() {
    for _ in {1..20}; do
        exporter_port=$((30000 + RANDOM % 2000))
        if in_use $exporter_port; then continue; fi
        # shellcheck disable=SC2154 # set by the sourcing script
        "$exporter" --web.listen-address="127.0.0.1:$exporter_port" \
            "$@" 2>"$tmp/exporter.log" &
        exporter_pid=$!
        if responds $exporter_pid "http://127.0.0.1:$exporter_port/-/ready" && kill -0 $exporter_pid; then
            return 0
        fi
        stop $exporter_pid
        exporter_pid=
        grep -q 'address already in use' "$tmp/exporter.log" || break
    done
    cat "$tmp/exporter.log" >&2
    fail "the exporter did not start"
}

# finish COMMAND: ends the demo with the address of the live page. With DEMO_KEEP=1
# both programs run until Ctrl-C, and the command makes traffic every second.
finish() {
    local page=http://127.0.0.1:$exporter_port/
    echo
    if [ "${DEMO_KEEP:-0}" != 1 ]; then
        echo "Both programs are stopped and their files removed. DEMO_KEEP=1 make $demo keeps them running,"
        echo "with the live page at $page"
        return
    fi
    echo "Both programs run until Ctrl-C. The live page:"
    echo "  $page"
    trap 'exit 0' HUP INT TERM
    while kill -0 "$server_pid" 2>/dev/null && kill -0 "$exporter_pid" 2>/dev/null; do
        "$@" >/dev/null 2>&1 || true # a server that was stopped by hand
        sleep 1 &
        wait $! || true # which a signal interrupts
    done
    echo "One of the programs has ended."
}
