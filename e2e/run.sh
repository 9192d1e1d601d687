#!/usr/bin/env bash
# Tests autoscaling of nginx end to end: E2E_BIN=DIR e2e/run.sh
#
# E2E_ONLY=scaling, doctor or keda runs one part; E2E_FAULTS='rule-.*|hpa-.*' selects
# faults; E2E_RECORD=DIR keeps the conversations of doctor.
#
# Needs root. All processes run in their own network, PID and mount namespaces, so
# that they cannot outlive the run or reach other hosts.
set -euo pipefail

cd "$(dirname "$0")/.."
root=$PWD
bin=${E2E_BIN:-bin/e2e}
PATH=$PATH:/usr/sbin:/sbin
export PATH

fail() {
    echo "e2e: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "needs root, for network namespaces"
[ -d "$bin" ] || fail "E2E_BIN=$bin is not a directory: e2e/README.md lists its contents, e2e/build.sh DIR builds most of them"
bin=$(cd "$bin" && pwd)
missing=()
for server in kube-apiserver kube-controller-manager kube-scheduler kubectl prometheus prometheus-operator prometheus-adapter keda-operator keda-adapter; do
    [ -x "$bin/$server" ] || missing+=("$server")
done
[ -d "$bin/crds" ] || missing+=(crds/)
[ ${#missing[@]} -eq 0 ] || fail "missing in $bin: ${missing[*]}; see e2e/README.md"
# An etcd in the directory takes precedence over that of the system.
missing=(nginx wget ip nsenter unshare)
[ -x "$bin/etcd" ] || missing+=(etcd)
scripts/need.sh "${missing[@]}"
scripts/chart.sh tools

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
scripts/build.sh "$work/nginx-exporter"
CGO_ENABLED=0 "${GO:-go}" -C e2e build -trimpath -buildvcs=false -o "$work/e2e" .

# All processes end with unshare.
unshare --net --pid --fork --kill-child=KILL --mount --mount-proc bash -euo pipefail -c '
    mount -t tmpfs tmpfs /run # names of network namespaces, files of daemons
    exec "$@"
' e2e "$work/e2e" -bin "$bin" -root "$root" -tmp "$work/tmp" \
    -exporter "$work/nginx-exporter" -helm "$root/bin/tools/helm" \
    -only "${E2E_ONLY:-}" -faults "${E2E_FAULTS:-}" -record "${E2E_RECORD:-}"
