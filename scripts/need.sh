#!/usr/bin/env bash
# Installs missing commands: scripts/need.sh nginx shellcheck ...
#
# It uses apt-get, as root or with sudo without a password. If that is not possible, it
# prints what to install.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin

# package COMMAND: prints the Debian packages that have the command.
package() {
    case $1 in
        ansible-playbook) echo ansible-core ;;
        dockerd) echo docker.io ;;
        etcd) echo etcd-server ;;
        gcc) echo gcc libc6-dev ;;
        ip) echo iproute2 ;;
        lexgrog) echo man-db ;;
        nsenter | unshare) echo util-linux ;;
        promtool) echo prometheus ;;
        node) echo nodejs ;;
        ps) echo procps ;;
        systemd-analyze) echo systemd ;;
        systemd-nspawn) echo systemd-container ;;
        *) echo "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Debian starts the service of a package when it is installed. This prevents it, since
# tests must not open port 80.
policy=/usr/sbin/policy-rc.d
prevent_services() {
    if [ ! -e $policy ]; then
        trap 'as_root rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
}

# size PACKAGES: prints what they take, if the package lists know it.
size() {
    apt-get -q --assume-no install --no-install-recommends "$@" 2>/dev/null </dev/null |
        sed -n 's/^\(Need to get\|After this operation\)/need.sh: &/p' || true
}

install() {
    local log
    log=$(mktemp)
    # Package lists may be missing or outdated: retry after an update.
    if ! apt install --no-install-recommends "$@" >"$log" 2>&1 &&
        ! { apt update && apt install --no-install-recommends "$@"; } >>"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

commands=()
packages=()
for command in "$@"; do
    if ! command -v "$command" >/dev/null; then
        commands+=("$command")
        for name in $(package "$command"); do
            [[ " ${packages[*]} " == *" $name "* ]] || packages+=("$name")
        done
    fi
done
[ ${#commands[@]} -gt 0 ] || exit 0

if ! can_install; then
    echo "need.sh: not found: ${commands[*]}; run as root: apt-get install ${packages[*]}" >&2
    exit 1
fi
echo "need.sh: not found: ${commands[*]}; installing with: apt-get install --no-install-recommends ${packages[*]}"
size "${packages[@]}"
prevent_services
install "${packages[@]}"
for command in "${commands[@]}"; do
    if ! command -v "$command" >/dev/null; then
        echo "need.sh: $command is still not found after installing ${packages[*]}" >&2
        exit 1
    fi
done
