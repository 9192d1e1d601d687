#!/usr/bin/env bash
# Tries autoscaling of nginx on a cluster: examples/kubernetes/try.sh [--kind] [--yes] [--keep]
#
# Deploys nginx, runs nginx-exporter autoscale on it, and load, shows how replicas rise
# and fall, and deletes everything again. It shows what it will do and asks first.
set -euo pipefail

cd "$(dirname "$0")/../.."
namespace=nginx-exporter-try
hpa=web-nginx-exporter
stack=kube-prometheus-stack
cluster=nginx-exporter-try # of kind
exporter=${EXPORTER:-bin/nginx-exporter}
image=nginx-exporter:$(cat VERSION)
context='' kind='' yes='' keep=''
created=() # what cleanup deletes, newest last

usage() {
    cat <<END
usage: examples/kubernetes/try.sh [options]

  --kind           create a kind cluster, deleted at the end
  --context=NAME   context of kubectl (default: the current one)
  --image=IMAGE    image of the exporter (default: $image)
  --yes            do not ask
  --keep           delete nothing at the end
END
}

say() { printf '\n== %s\n' "$*"; }

fail() {
    echo "try.sh: $*" >&2
    exit 1
}

# confirm QUESTION: returns an error unless the user agrees.
confirm() {
    [ -z "$yes" ] || return 0
    local reply
    read -r -p "$* [y/N] " reply || reply=
    case $reply in [yY] | [yY]es) ;; *) return 1 ;; esac
}

need() {
    local tool missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ ${#missing[@]} = 0 ] || fail "not found in PATH: ${missing[*]}"
}

k() { kubectl --context="$context" "$@"; }
h() { helm --kube-context="$context" "$@"; }

doctor() {
    "$exporter" doctor hpa "$namespace/$hpa" --context="$context"
}

# autoscale COMMAND FLAGS...: without a question, since this script asks.
autoscale() {
    "$exporter" autoscale "$1" "$namespace/deployment/web" --context="$context" --yes "${@:2}"
}

# await SECONDS WHAT COMMAND...: waits until the command succeeds. If it does not, the
# report of doctor says why.
await() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        if ((SECONDS >= end)); then
            doctor || true
            fail "timed out waiting for $what"
        fi
        sleep 3
    done
}

# status prints the replicas and the requests per second of each from the status of the HPA.
status() {
    k --namespace "$namespace" get hpa "$hpa" \
        -o jsonpath='{.status.currentReplicas} {.status.currentMetrics[0].pods.current.averageValue}'
}

# replicas OPERATOR NUMBER: prints the replicas when they change and compares them, as in
# replicas -ge 4. It fails if the HPA has no value.
shown=''
replicas() {
    local count value
    read -r count value < <(status) || [ -n "$count" ] || return 1
    [ -n "$value" ] || return 1
    if [ "$count" != "$shown" ]; then
        echo "   replicas: $count, requests per second of each: $(awk '{ print /m$/ ? $1 / 1000 : $1 }' <<<"$value")"
    fi
    shown=$count
    test "$count" "$1" "$2"
}

cleanup() {
    local status=$? i
    trap - EXIT INT TERM
    if [ ${#created[@]} -gt 0 ] && [ -n "$keep" ]; then
        say "kept in ${context:-?}: ${created[*]}"
        exit $status
    fi
    [ ${#created[@]} = 0 ] || say "cleaning up"
    for ((i = ${#created[@]} - 1; i >= 0; i--)); do
        case ${created[i]} in
            kind/*) kind delete cluster --name "$cluster" ;;
            stack/*) h uninstall "$stack" --namespace monitoring --ignore-not-found --wait ;;
            plan/*) autoscale remove ;;
            namespace/*) k delete namespace "${created[i]#*/}" --wait=true ;;
        esac || status=1
    done
    exit $status
}

parse() {
    local argument
    for argument in "$@"; do
        case $argument in
            --kind) kind=1 ;;
            --yes) yes=1 ;;
            --keep) keep=1 ;;
            --context=*) context=${argument#*=} ;;
            --image=*) image=${argument#*=} ;;
            -h | --help)
                usage
                exit
                ;;
            *)
                usage >&2
                exit 2
                ;;
        esac
    done
}

tools() {
    need kubectl ${kind:+kind docker}
    if [ ! -x "$exporter" ]; then
        confirm "$exporter is missing. Build it with make build?" || fail "$exporter is missing: make build"
        make build
    fi
}

kind_cluster() {
    [ -n "$kind" ] || return 0
    if kind get clusters | grep -qxF "$cluster"; then
        fail "kind cluster $cluster exists, left by an earlier try: kind delete cluster --name $cluster"
    fi
    confirm "Create a kind cluster named $cluster, with the image $image built here?" || fail "nothing was changed"
    make image
    created+=("kind/$cluster")
    kind create cluster --name "$cluster" --wait 2m
    kind load docker-image "$image" --name "$cluster"
    context=kind-$cluster
}

choose_context() {
    [ -n "$context" ] || context=$(kubectl config current-context) || fail "kubectl has no current context: use --context=NAME or --kind"
    local server
    server=$(kubectl config view --minify --context="$context" -o jsonpath='{.clusters[0].cluster.server}') || fail "no context $context"
    k version >/dev/null || fail "the API server of $context does not respond"
    if k get namespace "$namespace" >/dev/null 2>&1; then
        fail "namespace $namespace exists, left by an earlier try: delete it"
    fi
    say "context $context, $server"
    cat <<END
   namespace $namespace: nginx with exporter, load, HPA, prometheus-adapter
   where Prometheus selects it: a PodMonitor
   for the whole cluster: the APIService v1beta1.custom.metrics.k8s.io, and roles for the adapter
   image $image: the nodes need it, or have to be able to pull it
END
    confirm "Create this in $context?" || fail "nothing was changed"
}

# A cluster has one custom metrics API. A trial must not restart the adapter of others.
check_adapter() {
    local owner
    owner=$(k get apiservice v1beta1.custom.metrics.k8s.io --ignore-not-found -o jsonpath='{.spec.service.namespace}/{.spec.service.name}')
    [ -z "$owner" ] || fail "custom.metrics.k8s.io is served by $owner, to which this script must not add a rule;" \
        "$exporter autoscale plan shows what it would change there"
}

# Helm keeps the CRDs of the operator, so that they alone do not mean that there is one.
install_prometheus() {
    local found=''
    if k get crd podmonitors.monitoring.coreos.com prometheuses.monitoring.coreos.com >/dev/null 2>&1; then
        found=$(k get prometheus --all-namespaces -o name)
    fi
    if [ -z "$found" ]; then
        confirm "$context has no Prometheus of prometheus-operator. Install the chart $stack in namespace monitoring? At the end, its CRDs stay." ||
            fail "prometheus-operator is required"
        need helm
        if ! k get namespace monitoring >/dev/null 2>&1; then
            created+=("namespace/monitoring")
            k create namespace monitoring
        fi
        created+=("stack/$stack")
        h install "$stack" "$stack" --repo https://prometheus-community.github.io/helm-charts --namespace monitoring --wait --timeout 10m
    fi
    [ -n "$(k get prometheus --all-namespaces -o jsonpath='{.items[0].metadata.namespace}')" ] ||
        fail "$context has no Prometheus object of prometheus-operator"
}

deploy() {
    say "nginx"
    created+=("namespace/$namespace")
    k create namespace "$namespace"
    k --namespace "$namespace" apply -f examples/kubernetes/web.yaml
    k --namespace "$namespace" rollout status deployment/web --timeout=3m ||
        fail "the pods do not start: kubectl --context=$context --namespace $namespace describe pods"
    say "nginx-exporter autoscale apply"
    created+=("plan/web")
    autoscale apply --requests-per-second=40 --min=2 --max=10 --engine=adapter --image="$image" ||
        fail "the HPA does not work"
}

scale() {
    await 300 "a value and 2 replicas" replicas -eq 2
    say "200 requests per second, 40 for each pod"
    k --namespace "$namespace" apply -f examples/kubernetes/load.yaml
    k --namespace "$namespace" scale deployment/load --replicas=2
    await 300 "at least 4 replicas" replicas -ge 4
    doctor
    say "no load; the HPA waits five minutes before it removes pods"
    k --namespace "$namespace" scale deployment/load --replicas=0
    await 600 "2 replicas" replicas -eq 2
}

parse "$@"
trap cleanup EXIT
trap 'exit 130' INT TERM
tools
kind_cluster
choose_context
check_adapter
install_prometheus
deploy
scale
say "replicas followed the load"
