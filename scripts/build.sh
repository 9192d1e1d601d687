#!/bin/sh
# Builds the program with its version: scripts/build.sh OUTPUT
set -eu

output=${1:?usage: scripts/build.sh OUTPUT}
cd "$(dirname "$0")/.."
. ./scripts/version.sh

# With -buildvcs=false, builds with and without git history are identical.
v=github.com/prometheus/common/version
CGO_ENABLED=0 exec "${GO:-go}" build -trimpath -buildvcs=false -o "$output" -ldflags "-s -w \
    -X $v.Version=$VERSION \
    -X $v.Revision=$REVISION \
    -X $v.Branch=$BRANCH \
    -X $v.BuildDate=$BUILD_DATE \
    -X $v.BuildUser=nginx-exporter" ./cmd/nginx-exporter
