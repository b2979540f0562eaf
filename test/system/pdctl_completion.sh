#!/bin/bash
# The completion scripts, in the shells that they are for.
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do
    run pdctl completion $shell
    check_run "the script for $shell is printed" 0
    cp "$work/out" "$work/script.$shell"
    check "$shell takes its script" "$shell" -n "$work/script.$shell"
done

cd "$work" || exit 1
mkdir -p folders/one folders/two
touch folders/file

# Candidates for LINE with the cursor at its end, on one line.
in_bash() {
    # shellcheck disable=SC2016
    bash --norc -c '
        . "$1"
        COMP_LINE=$2 COMP_POINT=${#2}
        "$(complete -p pdctl | sed "s/.*-F \([^ ]*\).*/\1/")"
        compgen -W "${COMPREPLY[*]}"' bash script.bash "$1" | paste -sd' '
}

in_fish() {
    # shellcheck disable=SC2016
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' script.fish "$1" | cut -f1 | paste -sd' '
}

# zsh calls the function with the words, and _describe shows the candidates.
in_zsh() {
    # shellcheck disable=SC2016
    zsh -f -c '
        compdef() { }
        _describe() { print -l -- "${(@P)2}" }
        _path_files() { print -l -- ${PREFIX#--*=}*(/N) }
        compset() { }
        . ./script.zsh
        words=("${(@Q)${(z)1}}")
        [[ $1 == *" " ]] && words+=("")
        CURRENT=$#words
        PREFIX=$words[CURRENT]
        _pdctl' zsh "$1" | sed 's/\([^\\]\):.*/\1/' | paste -sd' '
}

# shellcheck disable=SC2317 # check calls it
same_set() {
    [ "$(tr ' ' '\n' <<<"$1" | sort)" = "$(tr ' ' '\n' <<<"$2" | sort)" ]
}

# completes LINE CANDIDATES
completes() {
    local shell
    for shell in bash zsh fish; do
        check "$shell: '$1'" same_set "$("in_$shell" "$1")" "$2"
    done
}

completes "pdctl w" "watch why"
completes "pdctl get " "config net nodes ports versions"
completes "pdctl why p" "port"
completes "pdctl why " "port version"
completes "pdctl c" "check completion"
completes "pdctl check versions --no-" "--no-headers --no-wait"
completes "pdctl check versions -o " "json table wide yaml"
completes "pdctl hea" "health"
completes "pdctl completion " "bash fish zsh"
completes "pdctl help scan " "ports"
completes "pdctl get ports --r" "--range --runtime-dir"
completes "pdctl watch ports --co" "--count --color"
completes "pdctl get ports -o " "json name table wide yaml"
completes "pdctl get ports --output y" "yaml"
completes "pdctl --timeout 5s --color n" "never"
completes "pdctl --color never get p" "ports"
completes "pdctl zebra " ""
completes "pdctl complet" "completion"

check "bash: value after '='" test "$(in_bash 'pdctl get ports --output=j')" = json
check "zsh: value after '='" test "$(in_zsh 'pdctl get ports --output=j')" = --output=json
check "fish: value after '='" test "$(in_fish 'pdctl get ports --output=j')" = --output=json
check "bash: folders" same_set "$(in_bash 'pdctl --runtime-dir folders/')" "folders/one folders/two"
check "zsh: folders" same_set "$(in_zsh 'pdctl --runtime-dir folders/')" "folders/one folders/two"
check "fish: folders" same_set "$(in_fish 'pdctl --runtime-dir folders/')" "folders/one/ folders/two/"

finish
