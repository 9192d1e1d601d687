#!/usr/bin/env bash
# Builds the servers that are Go modules: e2e/build.sh DIR
#
# kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, prometheus,
# prometheus-operator, keda-operator, keda-adapter.
# The first build takes about an hour on two cores; GOFLAGS=-p=2 limits its load.
set -euo pipefail

mkdir -p "${1:?usage: e2e/build.sh DIR}"
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")/servers"
GO=${GO:-go}

# The controllers fail without a valid version.
kubernetes=$("$GO" -C kubernetes list -m -f '{{.Version}}' k8s.io/kubernetes)
v=k8s.io/component-base/version
minor=${kubernetes#v1.}
flags="-s -w -X $v.gitVersion=$kubernetes -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*} -X $v.gitTreeState=clean"
CGO_ENABLED=0 "$GO" -C kubernetes build -trimpath -buildvcs=false -o "$dir/" -ldflags "$flags" tool

# Only Kubernetes service discovery: the others are most of the binary.
prometheus=$("$GO" -C prometheus list -m -f '{{.Version}}' github.com/prometheus/prometheus)
CGO_ENABLED=0 "$GO" -C prometheus build -trimpath -buildvcs=false -o "$dir/" \
    -tags remove_all_sd,enable_kubernetes_sd \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=$prometheus" tool

operator=$("$GO" -C operator list -m -f '{{.Version}}' github.com/prometheus-operator/prometheus-operator)
CGO_ENABLED=0 "$GO" -C operator build -trimpath -buildvcs=false -o "$dir/prometheus-operator" \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${operator#v}" tool

keda=$("$GO" -C keda list -m -f '{{.Version}}' github.com/kedacore/keda/v2)
for program in operator adapter; do
    CGO_ENABLED=0 "$GO" -C keda build -trimpath -buildvcs=false -o "$dir/keda-$program" \
        -ldflags "-s -w -X github.com/kedacore/keda/v2/version.Version=${keda#v}" "github.com/kedacore/keda/v2/cmd/$program"
done

# CRDs, from the modules of the projects.
mkdir -p "$dir/crds"
module() {
    "$GO" mod download -json "$1" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p'
}
operator=$(module "github.com/prometheus-operator/prometheus-operator@$operator")
keda=$(module "github.com/kedacore/keda/v2@$keda")
rollouts=$(module github.com/argoproj/argo-rollouts@v1.10.0)
install -m 644 "$operator"/example/prometheus-operator-crd/*.yaml "$keda"/config/crd/bases/*.yaml \
    "$rollouts"/manifests/crds/rollout-crd.yaml "$dir/crds/"
ls -l "$dir"
