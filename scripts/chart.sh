#!/usr/bin/env bash
# The chart's chores: scripts/chart.sh tools | lint | test | docs | schemas
#
# Its tools are Go programs, pinned in charts/tools/go.mod and built once for
# each state of it into bin/tools.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
# Debian keeps nginx where only root looks for commands.
PATH=$PATH:/usr/sbin
chart=charts/nginx-exporter
bin=$PWD/bin/tools
schemas='charts/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json'

mapfile -t examples < <(dirname examples/kubernetes/*/values.yaml)

# Helm built by hand takes itself for one of Kubernetes 1.20.
kubernetes=1.36

build() {
    local name=$1 package=$2
    (cd charts/tools && CGO_ENABLED=0 "$GO" build -trimpath -buildvcs=false \
        -ldflags "-s -w
            -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=${kubernetes%.*}
            -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${kubernetes#*.}" \
        -o "$bin/$name" "$package")
}

tools() {
    local stamp
    stamp=$bin/.chart-$(cat charts/tools/go.mod charts/tools/go.sum scripts/chart.sh | cksum | cut -d ' ' -f 1)
    [ ! -e "$stamp" ] || return 0
    mkdir -p "$bin"
    build helm helm.sh/helm/v3/cmd/helm
    build helm4 helm.sh/helm/v4/cmd/helm
    build helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest
    build helm-docs github.com/norwoodj/helm-docs/cmd/helm-docs
    build kubeconform github.com/yannh/kubeconform/cmd/kubeconform
    rm -f "$bin"/.chart-*
    touch "$stamp"
}

# The policy is tried with the API server's own code, the component with kustomize's.
unit() {
    "$bin/helm-unittest" --strict "$chart"
    # The chart is outside that module, so that go would not see it change.
    "$GO" -C charts/tools test -count=1 ./...
}

docs() {
    local folder
    "$bin/helm-docs" --chart-search-root "$chart" --log-level warning
    for folder in "${examples[@]}"; do
        render_example "$folder" >"$folder/rendered.yaml"
    done
}

# render_example FOLDER: what the command "helm install" of its README installs,
# without dashboards, which are long.
render_example() {
    local words
    read -ra words < <(sed -n 's/^helm install \(.* charts\/nginx-exporter .*\)$/\1/p' "$1/README.md")
    echo '# What "helm install" makes of values.yaml, but dashboards. Rewritten by "make chart-docs".'
    "$bin/helm" template "${words[@]}" --kube-version "$kubernetes" --set dashboards.enabled=false
}

# Where the schemas come from: the newest versions of these modules.
sources() {
    local module
    for module in k8s.io/kubernetes@v1.37.2 \
        github.com/prometheus-operator/prometheus-operator@v0.85.0 \
        github.com/kedacore/keda/v2@v2.21.0; do
        "$GO" mod download -json "$module" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p'
    done
}

kinds=core/v1/ConfigMap,core/v1/Secret,core/v1/Service,core/v1/ServiceAccount,core/v1/Pod
kinds+=,apps/v1/Deployment,apps/v1/DaemonSet,apps/v1/StatefulSet,batch/v1/Job,batch/v1/CronJob
kinds+=,autoscaling/v2/HorizontalPodAutoscaler,policy/v1/PodDisruptionBudget,networking.k8s.io/v1/NetworkPolicy
kinds+=,rbac.authorization.k8s.io/v1/ClusterRole,rbac.authorization.k8s.io/v1/ClusterRoleBinding
kinds+=,rbac.authorization.k8s.io/v1/RoleBinding,apiregistration.k8s.io/v1/APIService
for version in v1 v1beta1; do
    kinds+=,admissionregistration.k8s.io/$version/MutatingAdmissionPolicy
    kinds+=,admissionregistration.k8s.io/$version/MutatingAdmissionPolicyBinding
done

schemas() {
    local folders operator keda
    mapfile -t folders < <(sources)
    operator=${folders[1]}/example/prometheus-operator-crd/monitoring.coreos.com_
    keda=${folders[2]}/config/crd/bases/keda.sh_
    "$GO" -C charts/tools run ./schemas -out "$PWD/charts/schemas" -kinds "$kinds" \
        -openapi "${folders[0]}/api/openapi-spec/swagger.json" \
        "$operator"{podmonitors,servicemonitors,scrapeconfigs,probes,prometheusrules}.yaml \
        "$keda"{scaledobjects,triggerauthentications}.yaml
}

# render HELM VALUES: what a release with these values would apply.
render() {
    "$1" template web "$chart" --namespace shop --kube-version "$kubernetes" --values "$2"
}

# The values of each case, by all that can be checked without a cluster.
lint() {
    local values case
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "$GO" -C charts/tools vet ./...
    for values in "$chart"/ci/*-values.yaml; do
        case=$(basename "$values" -values.yaml)
        "$bin/helm" lint --strict --quiet --kube-version "$kubernetes" "$chart" --values "$values"
        "$bin/helm4" lint --strict --quiet --kube-version "$kubernetes" "$chart" --values "$values"
        render "$bin/helm" "$values" >"$work/$case.yaml"
        render "$bin/helm4" "$values" >"$work/$case.helm4.yaml"
        if ! diff -uB "$work/$case.yaml" "$work/$case.helm4.yaml"; then
            echo "chart.sh: $case: Helm 3 and Helm 4 disagree" >&2
            exit 1
        fi
        check_rules "$work/$case.yaml" "$work/$case.rules.yaml"
    done
    rm "$work"/*.helm4.yaml "$work"/*.rules.yaml
    "$bin/kubeconform" -strict -summary -schema-location "$schemas" "$work"
    queries "$work/queries"
    status_server "$work/nginx"
    arguments "$work" default daemonset deployment
    example "$work/example"
    kubernetes_examples "$work/kubernetes"
    "$bin/helm-docs" --chart-search-root "$chart" --dry-run --log-level warning | diff -u "$chart/README.md" - || {
        echo "chart.sh: $chart/README.md is not up to date: make chart-docs" >&2
        exit 1
    }
}

# queries FOLDER: the queries of adapter and KEDA count each pod once, and alerts
# come when they should.
queries() {
    local adapter keda pods='namespace="shop",pod=~"web-5d4f9c7b8-.*"'
    mkdir "$1"
    adapter=$(render "$bin/helm" "$chart/ci/adapter-install-values.yaml" |
        sed -n "s/^ *metricsQuery: '\(.*\)'/\1/p" | head -n 1 |
        sed -e 's/<<.GroupBy>>/pod/g' -e 's/<<.Series>>/nginx_http_requests_total/' -e "s/<<.LabelMatchers>>/$pods/")
    keda=$(render "$bin/helm" "$chart/ci/keda-prometheus-values.yaml" | sed -n "s/^ *query: '\(.*\)'/\1/p")
    printf 'groups:\n  - name: queries\n    rules:\n' >"$1/queries.yaml"
    printf "      - record: adapter\n        expr: '%s'\n" "$adapter" >>"$1/queries.yaml"
    printf "      - record: keda\n        expr: '%s'\n" "$keda" >>"$1/queries.yaml"
    cp charts/promql/counted-once.yaml "$1/"
    promtool test rules "$1/counted-once.yaml"
    promtool test rules charts/promql/alerts.yaml
}

# status_server FOLDER: a real nginx takes the status server, and answers there alone.
status_server() {
    local socket=$1/run/status.sock nginx answer='' try
    mkdir -p "$1/run"
    chmod 755 "$work" "$1" "$1/run"
    {
        printf 'daemon off;\nerror_log %s;\npid %s;\nevents {}\nhttp {\n' "$1/error.log" "$1/nginx.pid"
        "$bin/helm" template web "$chart" --kube-version "$kubernetes" --set "statusServer.socket=$socket" \
            --show-only templates/status-configmap.yaml | sed -n '/^  nginx-exporter-status.conf: |/,$p' | sed 1d
        printf '}\n'
    } >"$1/nginx.conf"
    nginx -c "$1/nginx.conf" -e "$1/error.log" &
    nginx=$!
    for try in {1..100}; do
        answer=$(curl -s --unix-socket "$socket" http://localhost/stub_status) && break
        read -rt 0.1 <> <(:) || true
    done
    answer+=$(curl -s -o "$1/other" -w ' %{http_code}' --unix-socket "$socket" http://localhost/other || true)
    kill "$nginx"
    wait "$nginx" || true
    if [[ $answer != *"Active connections: "*" 404" ]]; then
        echo "chart.sh: the status server answered after $try tries: $answer" >&2
        cat "$1/error.log" >&2
        exit 1
    fi
}

# arguments FOLDER CASE...: the exporter itself takes the arguments and the file of these cases.
arguments() {
    local folder=$1 case args file
    shift
    "$GO" build -o "$folder/nginx-exporter" ./cmd/nginx-exporter
    for case; do
        file=$folder/$case.exporter.yml
        sed -n '/^  exporter.yml: |/,/^---/s/^    //p' "$folder/$case.yaml" >"$file"
        mapfile -t args < <(awk '/^ *(- )?name: nginx-exporter$/ { ours = 1 } /^ *ports:/ { ours = 0 }
            ours && /^ *- "--/ { gsub(/^ *- "|"$/, ""); print }' "$folder/$case.yaml" |
            grep -v -e '^--web.config.file=' | sort -u |
            sed -e "s|^--config.file=.*|--config.file=$file|" -e 's|[$](NODE_IP)|192.0.2.1|')
        if [ ${#args[@]} -lt 2 ] || ! "$folder/nginx-exporter" check-config "${args[@]}" >"$file.log" 2>&1; then
            echo "chart.sh: $case: the exporter does not take ${args[*]}" >&2
            cat "$file" "$file.log" >&2
            exit 1
        fi
    done
}

# example FOLDER: the chart that takes its sidecar from ours, as a user would build it.
example() {
    mkdir -p "$1/charts"
    cp -r charts/examples "$1/charts/"
    ln -s "$PWD/$chart" "$1/$chart"
    "$bin/helm" dependency build "$1/charts/examples/shop" >/dev/null
    "$bin/helm" lint --strict --quiet "$1/charts/examples/shop"
    "$bin/helm" template shop "$1/charts/examples/shop" --namespace shop >"$1/shop.yaml"
    "$bin/helm4" template shop "$1/charts/examples/shop" --namespace shop --kube-version "$kubernetes" | diff -uB "$1/shop.yaml" -
    "$bin/kubeconform" -strict -summary -schema-location "$schemas" "$1/shop.yaml"
    "$bin/helm" template shop "$1/charts/examples/shop" --set nginx-exporter.enabled=false |
        "$bin/kubeconform" -strict -summary -schema-location "$schemas" -
}

# kubernetes_examples FOLDER: what examples/kubernetes says was rendered is what
# Helm renders now; schemas and Prometheus take it. Tests of its alerts are in
# charts/promql.
kubernetes_examples() {
    local example tests
    mkdir "$1"
    for example in "${examples[@]}"; do
        render_example "$example" | diff -u "$example/rendered.yaml" - || {
            echo "chart.sh: $example/rendered.yaml is not up to date: make chart-docs" >&2
            exit 1
        }
        check_rules "$example/rendered.yaml" "$1/rules.yaml"
        tests=charts/promql/example-$(basename "$example").yaml
        if [ -e "$tests" ]; then
            cp "$tests" "$1/tests.yaml"
            promtool test rules "$1/tests.yaml"
        fi
    done
    "$bin/kubeconform" -strict -summary -schema-location "$schemas" \
        -ignore-filename-pattern '/(values|kustomization)[.]yaml$' -ignore-filename-pattern /component/ examples/kubernetes
}

# check_rules RENDERED RULES: promtool on the PrometheusRule, if there is one.
check_rules() {
    awk '/^---/ { wanted = 0 } /^spec:/ { if (kind == "PrometheusRule") { wanted = 1; next } }
        /^kind:/ { kind = $2 } wanted { print substr($0, 3) }' "$1" >"$2"
    [ ! -s "$2" ] || promtool check rules --lint=all --lint-fatal "$2" >"$2.log" || { cat "$2.log"; exit 1; }
}

case ${1:-} in
    tools) tools ;;
    lint)
        scripts/need.sh promtool nginx curl
        tools
        lint
        ;;
    test)
        tools
        unit
        ;;
    docs)
        tools
        docs
        ;;
    schemas) schemas ;;
    *)
        sed -n '2s/^# //p' "$0" >&2
        exit 2
        ;;
esac
