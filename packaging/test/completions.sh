#!/usr/bin/env bash
# Presses the tabulator key in zsh and fish; a Go test does so in bash: packaging/test/completions.sh
set -euo pipefail
cd "$(dirname "$0")/../completions"

# expect SHELL WANT LINE: compares the words that complete the line, sorted.
expect() {
    local got
    got=$("in_$1" "$3" | sort | paste -sd ' ')
    [ "$got" = "$2" ] || {
        echo "completions: $1 completes \"$3\" with \"$got\", not \"$2\"" >&2
        exit 1
    }
}

# In zsh, completion functions can be used within its line editor only, so they are replaced.
in_zsh() {
    # shellcheck disable=SC2016 # for zsh
    zsh -fc '
        compset() { PREFIX=${words[CURRENT]#*=} }
        offer() { print -rl -- ${(M)@:#$PREFIX*} }
        compadd() { offer ${(P)2} }
        _describe() { local list=${@[-1]}; offer ${${(P)list}%%:*} }
        _files() { print files }
        complete() { words=("$@") CURRENT=$# PREFIX=${@[-1]}; source ./_nginx-exporter }
        line=$1 parts=(${=1})
        [[ $line != *" " ]] || parts+=("")
        complete "${parts[@]}"' zsh "$1"
}

in_fish() {
    # shellcheck disable=SC2016 # for fish
    fish --no-config -c 'source nginx-exporter.fish; complete -C $argv[1]' -- "$1" | cut -f 1
}

for shell in zsh fish; do
    expect $shell uninject 'nginx-exporter uni'
    expect $shell 'hpa status' 'nginx-exporter --log.level info doctor '
    expect $shell 'debug error info warn' 'nginx-exporter --log.level '
    expect $shell --watch 'nginx-exporter doctor --nginx.scrape-uri serve hpa --watc'
    expect $shell 'systemd systemd-dropin' 'nginx-exporter snippet sy'
    expect $shell --no-nginx.ssl-verify 'nginx-exporter serve --no-nginx.ssl-v'
done
expect zsh warn 'nginx-exporter --log.level=w'
expect fish --log.level=warn 'nginx-exporter --log.level=w'
expect zsh files 'nginx-exporter --config.file '
echo "completions: passed"
