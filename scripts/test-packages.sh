#!/usr/bin/env bash
# Tests the packages with dpkg, rpm and systemd: scripts/test-packages.sh [TEST...]
#
# Needs root on Debian or Ubuntu with systemd-nspawn. Each test of packaging/test runs in a machine of its own: a Debian in a directory,
# with systemd as its first process and no network but loopback. The first run downloads that Debian into bin.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh lexgrog lintian mandoc mmdebstrap nsenter rpm rpmlint systemd-nspawn zsh fish

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
    rpmlint --config packaging/rpm/rpmlint.toml "$work"/new/*.rpm "$work"/other/*.rpm >"$work/output" || {
        cat "$work/output" >&2
        return 1
    }
    mkdir "$work/deb" "$work/deb.other" "$work/apk"
    dpkg-deb -x "$work"/new/*.deb "$work/deb"
    dpkg-deb -x "$work"/other/*.deb "$work/deb.other"
    "${GO:-go}" version -m "$work/deb/usr/bin/nginx-exporter" | grep -q GOARCH=amd64
    "${GO:-go}" version -m "$work/deb.other/usr/bin/nginx-exporter" | grep -q GOARCH=arm64
    tar -C "$work/apk" --warning=no-unknown-keyword -xzf "$(echo "$work"/new/*.apk)"
    sh -n "$work/apk/etc/init.d/nginx-exporter"
    cmp "$work/apk/usr/bin/nginx-exporter" "$work/deb/usr/bin/nginx-exporter"
    gunzip "$work"/deb/usr/share/man/man1/*.gz
    mandoc -Tlint -Wwarning "$work"/deb/usr/share/man/man1/*.1
    local page
    for page in "$work"/deb/usr/share/man/man1/*.1; do
        lexgrog "$page" >/dev/null # its NAME line, for apropos
    done
    packaging/test/completions.sh
    echo "test-packages: lintian, rpmlint and mandoc passed"
}

# reproducible: builds again from a copy of the sources, with other times and modes.
reproducible() {
    local copy="$work/a directory of another length" file
    mkdir "$copy"
    git ls-files -z | xargs -0 cp --parents -t "$copy"
    ln -s "$PWD/bin" "$copy/bin"
    (
        . ./scripts/version.sh
        SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
        export VERSION REVISION BRANCH BUILD_DATE SOURCE_DATE_EPOCH
        cd "$copy"
        umask 077
        chmod -R go-rwx .
        ARCHS=amd64 TZ=Asia/Tokyo scripts/packages.sh "$work/again" >/dev/null
    )
    for file in "$work"/again/*; do
        cmp "$file" "$work/new/${file##*/}"
    done
    echo "test-packages: two builds are identical"
}

# machine: unpacks a Debian and sets root to its directory.
image=bin/packages-bookworm-3.tar # another number when its packages change
machine() {
    if [ ! -s "$image" ]; then
        echo "test-packages: making $image"
        mmdebstrap --quiet --format=tar --variant=minbase --include=adduser,bash-completion,curl,dbus,dnf,man-db,nginx-light,openssl,procps,prometheus,rpm,systemd,systemd-sysv \
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
    cp -r docs "$work/downloads" "$root"
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

# openrc: runs the service of the apk under OpenRC.
openrc() {
    local package
    machine
    mkdir "$work/openrc"
    (cd "$work/openrc" && apt-get -q download openrc libeinfo1 librc1 >/dev/null 2>&1)
    for package in "$work"/openrc/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -C "$root" -x --keep-directory-symlink
    done
    unshare --mount --pid --net --fork --kill-child chroot "$root" bash /tests/openrc.sh >"$work/output" 2>&1 || {
        cat "$work/output" >&2
        echo "test-packages: openrc failed" >&2
        exit 1
    }
    echo "test-packages: openrc passed"
}

mkdir "$work/new" "$work/next" "$work/other"
scripts/packages.sh "$work/new" >/dev/null
mv "$work"/new/*arm64* "$work"/new/*aarch64* "$work/other"
VERSION=9.9.9 ARCHS=amd64 FORMATS='deb rpm' scripts/packages.sh "$work/next" >/dev/null
(cd "$work" && apt-get -q download prometheus-nginx-exporter && mv prometheus-nginx-exporter_*.deb prometheus-nginx-exporter.deb) >/dev/null 2>&1
mkdir "$work/downloads"
TARGETS=linux/amd64 scripts/archives.sh "$work/downloads" >/dev/null
cp "$work"/new/* "$work/downloads"
check
reproducible
[ $# != 0 ] || set -- debian switch tarball systemd drop-ins rpm openrc docs
for test in "$@"; do
    case $test in
        openrc) openrc ;;
        *) run "$test" ;;
    esac
done
