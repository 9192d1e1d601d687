#!/bin/sh
# Sets VERSION, REVISION, BRANCH and BUILD_DATE; to be sourced in the root of the
# repository. Variables in the environment take precedence, for trees without git
# history.
#
# The version is that of the tag of the commit, such as v1.2.3; without a tag, that of the file VERSION. After the tag of that
# version, it has the number of further commits: 1.2.3+4.gabcdef0. The date is SOURCE_DATE_EPOCH or that of the commit, for
# reproducible builds.

version() {
    file=$(cat VERSION)
    if tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null); then
        echo "${tag#v}"
    elif described=$(git describe --tags --long --match "v$file" 2>/dev/null); then
        echo "$file+$(echo "${described#"v$file-"}" | tr - .)"
    else
        echo "$file"
    fi
}

# utc EPOCH: prints the date as RFC 3339, with GNU date or BSD date.
utc() {
    date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$1" +%Y-%m-%dT%H:%M:%SZ
}

revision() {
    commit=$(git rev-parse --verify --quiet HEAD 2>/dev/null) || commit=
    if [ -z "$commit" ]; then
        echo unknown
    elif git diff --quiet HEAD -- 2>/dev/null; then
        echo "$commit"
    else
        echo "$commit-modified"
    fi
}

branch() {
    git symbolic-ref --short --quiet HEAD 2>/dev/null || echo unknown
}

build_date() {
    epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}
    if [ -n "$epoch" ]; then utc "$epoch"; else echo unknown; fi
}

VERSION=${VERSION:-$(version)}
REVISION=${REVISION:-$(revision)}
BRANCH=${BRANCH:-$(branch)}
BUILD_DATE=${BUILD_DATE:-$(build_date)}
