#!/usr/bin/env bash
# Draws the dashboards with the components of Grafana: scripts/pictures.sh [PATTERN | docs]
#
# The pictures go to dist/pictures; "docs" draws those of the documentation into
# docs/pictures. The packages of npm take 430 MB in bin/pictures.
set -euo pipefail
cd "$(dirname "$0")/.."

source=internal/dashboard/pictures
work=bin/pictures
mkdir -p $work dist/pictures
cp $source/*.{jsx,mjs,html} $work/
if ! cmp -s $source/package-lock.json $work/.installed; then
    cp $source/package{,-lock}.json $work/
    (cd $work && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund)
    cp $source/package-lock.json $work/.installed
fi
node $work/pictures.mjs dist/pictures "$@"
if [ "${1:-}" = docs ]; then
    scripts/need.sh pngquant
    mkdir -p docs/pictures
    for name in fleet scaling plus red; do
        pngquant --force --strip --speed 1 128 --output docs/pictures/$name.png dist/pictures/$name.png
    done
fi
