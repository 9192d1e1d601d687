#!/usr/bin/env bash
# Writes the SHA-256 of all files of a directory into its file sha256sums.txt: scripts/checksums.sh DIRECTORY
set -euo pipefail
cd "${1:?usage: scripts/checksums.sh DIRECTORY}"

rm -f sha256sums.txt
# Two blanks before each name: some tools do not understand the star of binary mode.
LC_ALL=C sha256sum --text -- *.* >.sha256sums.txt
mv .sha256sums.txt sha256sums.txt
