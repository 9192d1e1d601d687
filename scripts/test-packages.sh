#!/usr/bin/env bash
# Tests the packages with dpkg, rpm and systemd: scripts/test-packages.sh [TEST...]
#
# Needs root on Debian or Ubuntu with systemd-nspawn. Each test of packaging/test runs in a machine of its own: a Debian in a directory,
# with systemd as its first process and no network but loopback. The first run downloads that Debian into bin.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh lintian mandoc mmdebstrap nsenter rpm rpmlint systemd-nspawn zsh fish

work=$(mktemp -d)
nspawn=
cleanup() {
    shutdown
    rm -rf "$work"
}
trap cleanup EXIT

# shutdown: ends the machine.
shutdown() {
    if [ -n "$nspawn" ]; then
        kill "$nspawn" 2>/dev/null || true
        wait "$nspawn" 2>/dev/null || true
        nspawn=
    fi
}

# check: what can be said of the packages without installing them.
check() {
    lintian --allow-root --fail-on=error,warning "$work"/new/*.deb "$work"/other/*.deb
    rpmlint --config packaging/rpm/rpmlint.toml "$work"/new/*.rpm
}

# machine: unpacks a Debian and sets root to its directory.
image=bin/packages-bookworm.tar
machine() {
    if [ ! -s "$image" ]; then
        echo "test-packages: making $image"
        mmdebstrap --quiet --variant=minbase --include=adduser,bash-completion,curl,dbus,man-db,nginx-light,openssl,rpm,systemd,systemd-sysv \
            bookworm "$image.part"
        mv "$image.part" "$image"
    fi
    root=$work/root
    rm -rf "$root"
    mkdir "$root"
    tar -C "$root" -xf "$image" --exclude='./dev/*'
    mkdir "$root/tests" "$root/packages"
    cp packaging/test/*.sh "$root/tests"
    cp -r "$work/new" "$work/next" "$work/prometheus-nginx-exporter.deb" "$root/packages"
}

# run TEST: boots a machine and runs the test in it.
run() {
    machine
    systemd-nspawn -D "$root" --register=no --keep-unit -b --private-network --console=pipe </dev/null >"$work/console" 2>&1 &
    nspawn=$!
    local leader='' end=$((SECONDS + 60))
    until [ -n "$leader" ] && nsenter -t "$leader" -a -- systemctl is-system-running --wait >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ] || ! kill -0 $nspawn; then
            cat "$work/console" >&2
            echo "test-packages: the machine does not start" >&2
            exit 1
        fi
        leader=$(cut -d ' ' -f 1 "/proc/$nspawn/task/$nspawn/children")
    done
    local status=0
    nsenter -t "$leader" -a -- bash "/tests/$1.sh" >"$work/output" 2>&1 || status=$?
    shutdown
    if [ $status != 0 ]; then
        cat "$work/output" >&2
        echo "test-packages: $1 failed" >&2
        exit 1
    fi
    echo "test-packages: $1 passed"
}

mkdir "$work/new" "$work/next" "$work/other"
scripts/packages.sh "$work/new" >/dev/null
mv "$work"/new/*arm64* "$work"/new/*aarch64* "$work/other"
VERSION=9.9.9 ARCHS=amd64 FORMATS='deb rpm' scripts/packages.sh "$work/next" >/dev/null
(cd "$work" && apt-get -q download prometheus-nginx-exporter && mv prometheus-nginx-exporter_*.deb prometheus-nginx-exporter.deb) >/dev/null 2>&1
check
[ $# != 0 ] || set -- debian switch tarball systemd drop-ins rpm
for test in "$@"; do
    run "$test"
done
