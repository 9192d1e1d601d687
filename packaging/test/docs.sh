#!/usr/bin/env bash
# The commands of docs/install.md and docs/vm.md, word by word: blocks "sh vm" in their order. A block "await" is repeated until it
# succeeds, and a block "fails" must fail. Questions are answered by yes. There is no network here: apt-get installs files, and
# checks that the rest is there.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh

# blocks PAGE: writes the blocks of a page to /blocks/NUMBER.KIND.
blocks() {
    rm -rf /blocks
    mkdir /blocks
    awk '
        /^```sh vm/ { n++; file = sprintf("/blocks/%02d.%s", n, $3 ? $3 : "once"); next }
        /^```/ { file = "" }
        file { print >file }
    ' "$1"
}

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
    blocks "/docs/$1"
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
follow install.md 4
rm /usr/local/bin/nginx-exporter
follow vm.md 9
for unit in prometheus nginx-exporter nginx; do
    is active systemctl is-active $unit
done
up
