#!/usr/bin/env bash
# Tests autoscaling of nginx end to end: E2E_BIN=DIR e2e/run.sh
#
# E2E_ONLY runs one part, E2E_FAULTS='rule-.*|hpa-.*' selects faults, E2E_RECORD=DIR keeps
# the conversations of doctor; README.md has all of them.
#
# With E2E_KUBECONFIG=FILE and E2E_CONTEXT=NAME, the scaling part runs on that cluster;
# README.md has what it needs.
#
# Otherwise it needs root. All processes run in their own network, PID and mount
# namespaces, so that they cannot outlive the run or reach other hosts.
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

# build: builds the programs in a temporary directory.
build() {
    scripts/chart.sh tools
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    scripts/build.sh "$work/nginx-exporter"
    CGO_ENABLED=0 "${GO:-go}" -C e2e build -trimpath -buildvcs=false -o "$work/e2e" .
}

# existing: runs on the cluster that the variables name. Both are required, so that
# nothing runs on the current context by accident.
existing() {
    if [ -z "${E2E_KUBECONFIG:-}" ] || [ -z "${E2E_CONTEXT:-}" ]; then
        fail "set both E2E_KUBECONFIG=FILE and E2E_CONTEXT=NAME to run on an existing cluster"
    fi
    [ -r "$E2E_KUBECONFIG" ] || fail "E2E_KUBECONFIG=$E2E_KUBECONFIG is not a readable file"
    command -v kubectl >/dev/null || fail "kubectl is not in PATH"
    build
    # The program handles Ctrl-C and cleans up.
    trap : INT TERM
    "$work/e2e" -root "$root" -tmp "$work/tmp" -exporter "$work/nginx-exporter" -helm "$root/bin/tools/helm" \
        -kubeconfig "$E2E_KUBECONFIG" -context "$E2E_CONTEXT" \
        -image "${E2E_IMAGE:-nginx-exporter:$(cat VERSION)}" -prometheus "${E2E_PROMETHEUS:-}"
}

if [ -n "${E2E_KUBECONFIG:-}${E2E_CONTEXT:-}" ]; then
    existing
    exit
fi

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
missing=(nginx curl wget ip nsenter unshare)
[ -x "$bin/etcd" ] || missing+=(etcd)
scripts/need.sh "${missing[@]}"
build

# All processes end with unshare.
unshare --net --pid --fork --kill-child=KILL --mount --mount-proc bash -euo pipefail -c '
    mount -t tmpfs tmpfs /run # names of network namespaces, files of daemons
    exec "$@"
' e2e "$work/e2e" -bin "$bin" -root "$root" -tmp "$work/tmp" \
    -exporter "$work/nginx-exporter" -helm "$root/bin/tools/helm" \
    -only "${E2E_ONLY:-}" -faults "${E2E_FAULTS:-}" -shape-time "${E2E_SHAPE_TIME:-30s}" -record "${E2E_RECORD:-}"
