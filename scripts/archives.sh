#!/usr/bin/env bash
# Builds the program for all systems and archives it: scripts/archives.sh [DIRECTORY]
#
# For each system NAME-VERSION.OS-ARCH.tar.gz (Windows: .zip), as other exporters do. For Linux also a flat archive with the file name
# of nginx-prometheus-exporter, for tools that install that one, such as the role of the Ansible collection prometheus.prometheus. The
# programs remain in bin/release. TARGETS selects some systems. The same commit, built by the same Go, gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
output=${1:-dist}
. ./scripts/version.sh
export VERSION REVISION BRANCH BUILD_DATE
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# They select other instructions.
unset GOAMD64 GO386 GOARM64 GOPPC64 GORISCV64 GOEXPERIMENT

targets='linux/amd64 linux/arm64 linux/armv7 linux/armv6 linux/386 linux/ppc64le linux/s390x linux/riscv64'
for system in darwin windows freebsd openbsd; do
    targets+=" $system/amd64 $system/arm64"
done

# archive OUTPUT PREFIX PROGRAM FILE: the program, as PROGRAM, and the texts.
archive() {
    local files=("$2$3=$4")
    for text in LICENSE NOTICE docs/nginx-exporter.1; do
        files+=("$2$(basename "$text")=$text")
    done
    bin/archive "$output/$1" "${files[@]}"
}

rm -rf bin/release
mkdir -p "$output" bin
CGO_ENABLED=0 "$GO" build -trimpath -buildvcs=false -o bin/archive ./scripts/archive
for target in ${TARGETS:-$targets}; do
    system=${target%/*}
    arch=${target#*/}
    program=nginx-exporter
    if [ "$system" = windows ]; then program+=.exe; fi
    file=bin/release/$system-$arch/$program
    case $arch in
        armv*) GOOS=$system GOARCH=arm GOARM=${arch#armv} scripts/build.sh "$file" ;;
        *) GOOS=$system GOARCH=$arch scripts/build.sh "$file" ;;
    esac
    name=nginx-exporter-$VERSION.$system-$arch
    if [ "$system" = windows ]; then
        archive "$name.zip" "$name/" "$program" "$file"
    else
        archive "$name.tar.gz" "$name/" "$program" "$file"
    fi
    if [ "$system" = linux ]; then
        archive "nginx-prometheus-exporter_${VERSION}_${system}_$arch.tar.gz" '' nginx-prometheus-exporter "$file"
    fi
done
