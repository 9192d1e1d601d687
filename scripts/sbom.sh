#!/usr/bin/env bash
# Writes a CycloneDX SBOM of each program in bin/release: scripts/sbom.sh [DIRECTORY]
#
# It is made from the program itself, so that it has the modules and the Go that were linked, and their licenses. Neither serial number nor
# time are written: the same program gives the same bytes. The image takes the files in bin/release.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
output=${1:-dist}
. ./scripts/version.sh

tool=bin/cyclonedx-gomod-$(cat packaging/sbom/go.mod packaging/sbom/go.sum | cksum | cut -d ' ' -f 1)
if [ ! -x "$tool" ]; then
    rm -f bin/cyclonedx-gomod-*
    (cd packaging/sbom && CGO_ENABLED=0 "$GO" build -trimpath -buildvcs=false -ldflags '-s -w' -o "../../$tool" tool)
fi

mkdir -p "$output"
found=
for program in bin/release/*/nginx-exporter{,.exe}; do
    if [ ! -e "$program" ]; then continue; fi
    found=1
    directory=$(dirname "$program")
    if ! log=$("$tool" bin -json -noserial -notimestamp -std -licenses -version "v$VERSION" -output "$directory/sbom.cdx.json" "$program" 2>&1); then
        echo "$log" >&2
        exit 1
    fi
    system=$(basename "$directory")
    cp "$directory/sbom.cdx.json" "$output/nginx-exporter-$VERSION.$system.cdx.json"
done
if [ -z "$found" ]; then
    echo "sbom.sh: bin/release has no programs; run: make archives" >&2
    exit 1
fi
