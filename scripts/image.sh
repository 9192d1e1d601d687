#!/usr/bin/env bash
# Writes the image of the programs in bin/release, as an OCI layout in a tar file: scripts/image.sh [DIRECTORY]
#
# bin/image has the layout. Needs no container engine; the same programs give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-dist}
. ./scripts/version.sh
export VERSION REVISION
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

mkdir -p "$output" bin
(cd packaging/image && CGO_ENABLED=0 "${GO:-go}" build -trimpath -buildvcs=false -o ../../bin/image-layout .)
bin/image-layout -output bin/image
(cd bin/image && find . -type f -printf '%P\n' | LC_ALL=C sort) | awk '{ print $0 "=bin/image/" $0 }' |
    xargs bin/archive "$output/nginx-exporter-$VERSION.oci.tar"
