# Functions of the tests, which run as root in a machine of their own: see scripts/test-packages.sh.
# shellcheck shell=bash
set -euo pipefail

# deb new|next: installs the package under test, or the same with a later version, without a terminal.
deb() { dpkg -i "/packages/$1"/*.deb </dev/null; }

fail() {
    echo "FAIL: $*" >&2
    systemctl --no-pager --full status nginx-exporter.service >&2 || true
    journalctl --no-pager -n 40 >&2 || true
    exit 1
}

# await WHAT COMMAND...: waits until the command succeeds.
await() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what: not within a minute: $*"
        sleep 0.1
    done
}

# is EXPECTED COMMAND...: compares the output of a command, whatever its status.
is() {
    local want=$1 got
    shift
    got=$("$@" 2>&1) || true
    [ "$got" = "$want" ] || fail "$* printed \"$got\", not \"$want\""
}

# scrapes METRIC [CURL-OPTIONS]: scrapes until there is a line that begins with METRIC.
scrapes() { await "$1" scrape "$@"; }
scrape() {
    local metric=$1
    shift
    curl -sf "${@:-http://127.0.0.1:9113/metrics}" | grep "^$metric"
}

# up: nginx is scraped.
up() { scrapes 'nginx_up 1$'; }

main_pid() { systemctl show --property=MainPID --value nginx-exporter.service; }

# command_line: the arguments of the running exporter, one a line.
command_line() { tr '\0' '\n' <"/proc/$(main_pid)/cmdline"; }

# absent PATH...: the files do not exist.
absent() {
    local path
    for path in "$@"; do
        if [ -e "$path" ] || [ -L "$path" ]; then
            fail "$path still exists"
        fi
    done
}

# nothing_left: no file or link of the package is left.
nothing_left() {
    local left
    left=$(find / -xdev \( -path /packages -o -path /downloads -o -path /docs -o -path /tests -o -path /proc -o -path /sys \) -prune -o -name '*nginx-exporter*' -print |
        grep -v -e '^/var/lib/dpkg/' -e '^/var/cache/' -e '^/var/log/' || true)
    [ -z "$left" ] || fail "left behind: $left"
}

# status_page: nginx serves its status on port 8080, and a site on port 80.
status_page() {
    cat >/etc/nginx/conf.d/status.conf <<'END'
server { listen 127.0.0.1:8080; access_log off; location = /stub_status { stub_status; } }
END
    systemctl restart nginx
}

# rpm_system: the database of rpm has what packages require, which it has not on a Debian.
rpm_system() {
    rpm --initdb
    printf '%s\n' 'Name: system' 'Version: 1' 'Release: 1' 'Summary: Debian' 'License: none' 'BuildArch: noarch' \
        'Provides: /usr/sbin/useradd' '%description' '%files' >/system.spec
    rpmbuild --quiet -bb --define '_rpmdir /rpms' /system.spec
    rpm -i /rpms/noarch/*.rpm
}

# blocks PAGE KIND: writes the blocks "sh KIND" of a page of docs to /blocks/NUMBER.HOW, where HOW is the next word, or once.
blocks() {
    rm -rf /blocks
    mkdir /blocks
    awk -v kind="$2" '
        /^```sh / && $2 == kind { n++; file = sprintf("/blocks/%02d.%s", n, $3 ? $3 : "once"); next }
        /^```/ { file = "" }
        file { print >file }
    ' "/docs/$1"
}
