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

# share: makes bin/share, a tree for /usr/local/share: man pages, completion, rules for Prometheus.
share() {
    rm -rf bin/share
    mkdir -p bin/share/{bash-completion/completions,fish/vendor_completions.d,zsh/site-functions,nginx-exporter}
    scripts/manpages.sh bin/share/man/man1
    cp packaging/completions/nginx-exporter.bash bin/share/bash-completion/completions/nginx-exporter
    cp packaging/completions/nginx-exporter.fish bin/share/fish/vendor_completions.d/
    cp packaging/completions/_nginx-exporter bin/share/zsh/site-functions/
    cp -r mixin/rules bin/share/nginx-exporter/
}

# archive NAME PROGRAM FILE: the program, as PROGRAM, its licenses, and bin/share, in a directory NAME.
archive() {
    local directory=${1%.tar.gz} file
    directory=${directory%.zip}
    local files=("$directory/$2=$3" "$directory/LICENSE=LICENSE" "$directory/NOTICE=NOTICE")
    for file in $(cd bin && find share -type f); do files+=("$directory/$file=bin/$file"); done
    bin/archive "$output/$1" "${files[@]}"
}

rm -rf bin/release
mkdir -p "$output" bin
share
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
        archive "$name.zip" "$program" "$file"
    else
        archive "$name.tar.gz" "$program" "$file"
    fi
    if [ "$system" = linux ]; then
        bin/archive "$output/nginx-prometheus-exporter_${VERSION}_${system}_$arch.tar.gz" \
            "nginx-prometheus-exporter=$file" LICENSE=LICENSE NOTICE=NOTICE nginx-exporter.1=bin/share/man/man1/nginx-exporter.1
    fi
done
