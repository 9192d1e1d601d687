#!/usr/bin/env bash
# The commands of docs/install.md and docs/vm.md, word by word: blocks "sh vm" in their order. A block "await" is repeated until it
# succeeds, and a block "fails" must fail. Questions are answered by yes. There is no network here: apt-get installs files, and
# checks that the rest is there.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh

apt-get() {
    local arg
    for arg in "$@"; do
        case $arg in
            update | install | -y) ;;
            remove) dpkg -r nginx-exporter && return ;;
            purge) dpkg -P nginx-exporter && return ;;
            ./*) dpkg -i "$arg" </dev/null ;;
            nginx) dpkg -s nginx-light >/dev/null ;;
            *) dpkg -s "$arg" >/dev/null ;;
        esac
    done
}
export -f apt-get

# follow PAGE: runs its blocks in /downloads.
follow() {
    local block count=0
    blocks "$1" vm
    cd /downloads
    for block in /blocks/*; do
        case $block in
            *.await) await "$1: $(cat "$block")" bash -euo pipefail "$block" ;;
            *.fails) if bash -eu "$block"; then fail "$1: it should fail: $(cat "$block")"; fi ;;
            *.once) bash -eu "$block" < <(yes) || fail "$1: $(cat "$block")" ;;
        esac
        count=$((count + 1))
    done
    [ $count -ge "$2" ] || fail "$1 has only $count blocks"
}

systemctl start nginx
rpm_system
follow install.md 6
# The last one was the archive.
is active systemctl is-active nginx-exporter
up
is /usr/local/bin/nginx-exporter readlink "/proc/$(main_pid)/exe"
man -w nginx-exporter-doctor >/dev/null
[ -e /usr/local/share/nginx-exporter/rules/nginx.yaml ] || fail "the archive has no rules"
systemctl disable --now nginx-exporter
rm -r /usr/local/bin/nginx-exporter /etc/systemd/system/nginx-exporter.service
systemctl daemon-reload
follow vm.md 9
for unit in prometheus nginx-exporter nginx; do
    is active systemctl is-active $unit
done
up
