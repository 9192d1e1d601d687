#!/usr/bin/env bash
# Checks the play in examples/ansible: scripts/testansible.sh [COLLECTIONS ARCHIVES]
#
# Its syntax, with an empty role for that of the collection. With the directory of an installed collection prometheus.prometheus and one
# with archives and checksums, such as dist, its role downloads, verifies and installs the program into a temporary directory, as root.
set -euo pipefail
cd "$(dirname "$0")/.."

play=examples/ansible/playbook.yml
tmp=$(mktemp -d)
server=
clean_up() {
    if [ -n "$server" ]; then kill "$server"; fi
    rm -rf "$tmp"
}
trap clean_up EXIT
export ANSIBLE_LOCAL_TEMP=$tmp/local ANSIBLE_HOME=$tmp/home

mkdir -p "$tmp/collections/ansible_collections/prometheus/prometheus/roles/nginx_exporter/tasks"
echo '[]' >"$tmp/collections/ansible_collections/prometheus/prometheus/roles/nginx_exporter/tasks/main.yml"
ANSIBLE_COLLECTIONS_PATH=$tmp/collections ansible-playbook -i examples/ansible/inventory.ini --syntax-check "$play"
[ -n "${1:-}" ] || exit 0

python3 -u -m http.server --bind 127.0.0.1 --directory "${2:?is the directory of the archives}" 0 >"$tmp/http.log" 2>&1 &
server=$!
for _ in {1..100}; do
    port=$(grep -oE 'port [0-9]+' "$tmp/http.log" | head -n 1) && break
    sleep 0.1
done
. ./scripts/version.sh
mkdir "$tmp/bin"
printf '[nginx]\nlocalhost\n' >"$tmp/inventory"
# At the end it restarts the service, which fails on a machine without systemd.
ANSIBLE_COLLECTIONS_PATH=$1 ansible-playbook -i "$tmp/inventory" -c local --tags nginx_exporter_install "$play" \
    -e "nginx_exporter_version=$VERSION nginx_exporter_release_url=http://127.0.0.1:${port#port }" \
    -e "nginx_exporter_system_user=root nginx_exporter_system_group=root nginx_exporter_local_cache_path=$tmp/cache" \
    -e "nginx_exporter_binary_install_dir=$tmp/bin" >"$tmp/play.log" || grep -q 'not been booted with systemd' "$tmp/play.log" || {
    cat "$tmp/play.log" >&2
    exit 1
}
grep -o '"msg": ".* checksum verified successfully"' "$tmp/play.log"
"$tmp/bin/nginx-prometheus-exporter" --version
