#!/usr/bin/env bash
# Writes the man pages with version and date into a directory: scripts/manpages.sh DIRECTORY
#
# VERSION and SOURCE_DATE_EPOCH are set by the caller.
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:?usage: scripts/manpages.sh DIRECTORY}
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
mkdir -p "$output"
for page in docs/*.1 docs/man/*.1; do
    sed "1s/ \"\" \"nginx-exporter\" / \"$date\" \"nginx-exporter $VERSION\" /" "$page" >"$output/${page##*/}"
done
