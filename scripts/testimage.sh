#!/usr/bin/env bash
# Runs the image in dist in Docker, as a pod and with examples/compose: scripts/testimage.sh [DIRECTORY]
#
# Needs root. It starts a Docker engine of its own, in its own network namespace, with its data in a temporary directory, so that it
# neither uses nor changes an installed one. Nothing is pulled: images of nginx and Prometheus are made from the programs of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

directory=${1:-dist}
. ./scripts/version.sh
tag=${VERSION/+/-}
tmp=$(mktemp -d)
dockerd_pid=
export DOCKER_HOST=unix://$tmp/docker.sock

fail() {
    echo "testimage: $*" >&2
    if [ "$(docker ps -aq --filter name=exporter 2>/dev/null)" ]; then docker logs exporter >&2; fi
    exit 1
}

clean_up() {
    if [ -n "$dockerd_pid" ]; then
        docker ps -aq | xargs -r docker rm -f >/dev/null || true
        kill "$dockerd_pid"
        wait "$dockerd_pid" || true
    fi
    rm -rf "$tmp"
}
trap clean_up EXIT

start_docker() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --net sh -c 'ip link set lo up; exec dockerd --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/pid" \
        --host "unix://$0/docker.sock" --storage-driver overlay2' "$tmp" >"$tmp/dockerd.log" 2>&1 &
    dockerd_pid=$!
    for _ in {1..600}; do
        if docker info >/dev/null 2>&1; then return 0; fi
        kill -0 "$dockerd_pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$tmp/dockerd.log" >&2
    fail "dockerd did not start"
}

# import IMAGE PROGRAM CHANGES...: makes an image of a program with its libraries, and of the directory root.
import() {
    local image=$1 program=$2 change changes=()
    shift 2
    for change in "$@"; do changes+=(--change "$change"); done
    mkdir -p root/{etc,tmp,usr/bin}
    chmod 1777 root/tmp
    # Not for static programs.
    { ldd "$program" 2>/dev/null | grep -oE '/[^ ]+' || true; } | xargs -r cp --parents -L -t root
    cp -L "$program" root/usr/bin/
    printf 'root:x:0:0::/:/bin/false\nnginx:x:101:101::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n' >root/etc/passwd
    printf 'root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n' >root/etc/group
    tar -C root -c . | docker import "${changes[@]}" - "$image" >/dev/null
    rm -rf root
}

# images: makes all images, with the names of examples/compose.
images() {
    (
        cd "$tmp"
        mkdir -p root/etc/nginx/conf.d root/var/{log/nginx,lib/nginx,cache/nginx} root/run
        printf 'user nginx; error_log stderr; pid /run/nginx.pid; events {}\nhttp { access_log off; include conf.d/*.conf; }\n' >root/etc/nginx/nginx.conf
        printf 'server { listen 80; location / { return 200 "nginx"; } }\n' >root/etc/nginx/conf.d/default.conf
        import nginx:1.28 "$(command -v nginx)" 'CMD ["/usr/bin/nginx","-g","daemon off;"]'
        mkdir -p root/prometheus
        import prom/prometheus:v3.5.0 "$(command -v prometheus)" 'ENTRYPOINT ["/usr/bin/prometheus"]' \
            'CMD ["--config.file=/etc/prometheus/prometheus.yml","--storage.tsdb.path=/prometheus"]'
    )
    CGO_ENABLED=0 "${GO:-go}" build -o "$tmp/statusserver" ./internal/standin/statusserver
    (cd "$tmp" && import statusserver:test ./statusserver 'ENTRYPOINT ["/usr/bin/statusserver"]')
    # skopeo selects the platform of this machine.
    skopeo copy --quiet "oci-archive:$directory/nginx-exporter-$VERSION.oci.tar" "docker-archive:$tmp/image.tar:nginx-exporter:$tag"
    docker load --quiet --input "$tmp/image.tar"
}

# in_pod COMMAND...: runs a command of this machine in the network of the pod.
in_pod() {
    nsenter --net --target "$(docker inspect --format '{{ .State.Pid }}' nginx)" "$@"
}

# metrics: prints the metrics, when the exporter has started.
metrics() {
    in_pod curl --noproxy '*' --silent --show-error --fail --max-time 30 --retry 60 --retry-delay 1 --retry-connrefused "$@" \
        http://127.0.0.1:9113/metrics
}

# state FIELD PATTERN: checks a line of the status of the exporter's process.
state() {
    local line
    line=$(grep "^$1:" "/proc/$(docker inspect --format '{{ .State.Pid }}' exporter)/status")
    grep -qE "$2" <<<"$line" || fail "$line: not $2"
}

count() {
    local found
    found=$(grep -c "^$1{" "$tmp/metrics" || true)
    [ "$found" -ge "$2" ] || fail "$found series $1, at least $2 expected"
}

# pod: nginx, an NGINX Plus API with 200 zones and 500 peers, and the exporter with what a restricted pod allows.
pod() {
    cp examples/basic/nginx-status.conf "$tmp/"
    docker run --detach --name nginx --network none --volume "$tmp/nginx-status.conf:/etc/nginx/conf.d/status.conf:ro" nginx:1.28 >/dev/null
    docker run --detach --name plus --network container:nginx statusserver:test -dialect plus -listen 127.0.0.1:8081 -size M -tick 100ms >/dev/null
    docker run --detach --name exporter --network container:nginx --read-only --cap-drop ALL --security-opt no-new-privileges \
        --memory 32m --memory-swap 32m --pids-limit 64 "nginx-exporter:$tag" \
        --nginx.scrape-uri=http://127.0.0.1:8080/stub_status --nginx.scrape-uri=http://127.0.0.1:8081/api >/dev/null
    for _ in {1..50}; do
        metrics --output "$tmp/metrics"
        metrics --output "$tmp/metrics.gz" --header 'Accept-Encoding: gzip'
    done
    grep -q '^nginx_up{.*} 1$' "$tmp/metrics" || fail "nginx was not scraped"
    count nginxplus_server_zone_requests 200
    count nginxplus_upstream_server_state 500
    state Uid '65532.*65532.*65532.*65532'
    state CapBnd ' *0000000000000000$'
    state NoNewPrivs 1
    state Seccomp 2
    echo "pod: $(wc -l <"$tmp/metrics") lines of metrics, $(grep VmHWM "/proc/$(docker inspect --format '{{ .State.Pid }}' exporter)/status" | tr -s '\t ' ' ') of 32 MiB"
    docker stop --time 30 exporter >/dev/null
    state=$(docker inspect --format '{{ .State.ExitCode }} {{ .State.OOMKilled }} {{ .RestartCount }}' exporter)
    [ "$state" = '0 false 0' ] || fail "exit status, killed for memory, restarts: $state"
    docker rm -f exporter plus nginx >/dev/null
}

# blocks FILE: prints its blocks "sh docker".
blocks() { awk '/^```sh docker$/ { on = 1; next } /^```$/ { on = 0 } on' "$1"; }

# container: the commands of docs/install.md, beside an nginx with a status page.
container() {
    docker run --detach --name nginx --network none --volume "$tmp/nginx-status.conf:/etc/nginx/conf.d/status.conf:ro" nginx:1.28 >/dev/null
    docker tag "nginx-exporter:$tag" nginx-exporter:0.1.0
    blocks docs/install.md >"$tmp/container.sh"
    bash -eu "$tmp/container.sh" >/dev/null
    metrics --output "$tmp/metrics"
    grep -q '^nginx_up 1$' "$tmp/metrics" || fail "docs/install.md: nginx was not scraped"
    docker rm -f nginx-exporter nginx >/dev/null
    echo "container: nginx is scraped"
}

# compose: the commands of its README, with the program of Compose 1.
compose() {
    blocks examples/compose/README.md | sed 's/docker compose/docker-compose/' >"$tmp/compose.sh"
    NGINX_EXPORTER_VERSION=$tag nsenter --net --target "$dockerd_pid" bash -euo pipefail "$tmp/compose.sh" >"$tmp/compose.log" 2>&1 || {
        cat "$tmp/compose.log" >&2
        fail "examples/compose failed"
    }
    grep -q 'msg="Listening on"' "$tmp/compose.log" || fail "examples/compose: no log of the exporter"
    echo "compose: $(grep -o '"instance":"[^"]*"' "$tmp/compose.log" | head -n 1) is scraped"
}

start_docker
images
docker image inspect --format 'image: {{ .Size }} bytes, user {{ .Config.User }}' "nginx-exporter:$tag"
pod
container
compose
