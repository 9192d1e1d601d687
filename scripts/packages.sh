#!/usr/bin/env bash
# Builds the packages: scripts/packages.sh [DIRECTORY]
#
# deb, rpm and apk for amd64 and arm64, into dist. FORMATS and ARCHS select some of them. The same commit gives the same bytes:
# all times are that of the commit, or SOURCE_DATE_EPOCH.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

output=${1:-dist}
. ./scripts/version.sh
export VERSION
# nfpm would make a package of version 0.0.0.
[[ $VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || {
    echo "packages.sh: VERSION is \"$VERSION\", not a version such as 1.2.3" >&2
    exit 1
}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

nfpm=bin/nfpm-$(cat packaging/tools/go.mod packaging/tools/go.sum | cksum | cut -d ' ' -f 1)
if [ ! -x "$nfpm" ]; then
    rm -f bin/nfpm-*
    (cd packaging/tools && CGO_ENABLED=0 "${GO:-go}" build -trimpath -buildvcs=false -ldflags '-s -w' -o "../../$nfpm" \
        github.com/goreleaser/nfpm/v2/cmd/nfpm)
fi

maintainer=$(sed -n 's/^maintainer: //p' packaging/nfpm.yaml)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# prepare: copies what goes into the packages into the stage, with fixed times and modes.
prepare() {
    cp -r packaging/. mixin/rules CHANGELOG.md LICENSE NOTICE "$stage"
    chmod -R u=rwX,go=rX "$stage"
    scripts/manpages.sh "$stage/man"
    gzip -9n "$stage"/man/*
    local page
    for page in "$stage"/man/*; do
        page=man/${page##*/}
        echo "  - {src: $page, dst: /usr/share/man/man1/${page#*/}, type: doc, packager: rpm, file_info: {mode: 0644}}" >>"$stage/nfpm.yaml"
    done
    gzip -9n <CHANGELOG.md >"$stage/changelog.gz"
    gzip -9n <NOTICE >"$stage/NOTICE.gz"
    cat >"$stage/changelog.yaml" <<END
- semver: $VERSION-1
  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  packager: $maintainer
  deb: {urgency: medium, distributions: [stable]}
  changes:
    - note: The changes are in CHANGELOG.md.
END
    find "$stage" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
}

mkdir -p "$output"
output=$(cd "$output" && pwd)
nfpm=$PWD/$nfpm
prepare
for ARCH in ${ARCHS:-amd64 arm64}; do
    export ARCH
    GOOS=linux GOARCH=$ARCH scripts/build.sh "$stage/nginx-exporter"
    touch -d "@$SOURCE_DATE_EPOCH" "$stage/nginx-exporter"
    for format in ${FORMATS:-deb rpm apk}; do
        (cd "$stage" && "$nfpm" package --config nfpm.yaml --packager "$format" --target "$output/")
    done
done
