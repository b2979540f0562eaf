# shellcheck shell=bash
# What all scripts share. Sourced after `set -euo pipefail`.

root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
cores=$(nproc)

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

usage_error() {
    echo "${0##*/}: $*: see ${0##*/} --help" >&2
    exit 2
}

note() {
    echo "==> $*" >&2
}

# Prints the comment at the top of the running script: that is its help text.
show_help() {
    sed -n '2,/^[^#]/{s/^# \?//p}' "$0"
}

# quietly LOG COMMAND...: shows the command's output only when it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

preset_names() {
    cmake --list-presets=build -S "$root" | sed -n 's/^ *"\([^"]*\)".*/\1/p'
}

# configure PRESET [-DNAME=VALUE...]. A build folder keeps the settings it was
# once given, so that a build after the tests does not compile all anew.
configure() {
    local preset=$1 log="$root/build/$1/configure.log"
    shift
    (cd "$root" && quietly "$log" cmake --preset "$preset" "$@")
}

# compile PRESET: ninja shows its progress.
compile() {
    (cd "$root" && cmake --build --preset "$1" --parallel "$cores")
}

# Prints the files of the project that match the given find(1) tests.
project_files() {
    find "$root" \( -path "$root/build" -o -path "$root/.git" \) -prune \
        -o -type f \( "$@" \) -print | sort
}

# start_ticks PID: when it started, in clock ticks since boot; fails when it has ended.
start_ticks() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The name in parentheses may hold blanks; field 22 is the 20th after it.
    awk '$1 == "Z" { exit 1 } { print $20 }' <<<"${stat##*) }"
}

# running_pid FILE: the pid in FILE, if it runs. The file also holds its start
# time: another process that was given the same pid since does not match.
running_pid() {
    local pid ticks
    read -r pid ticks 2>/dev/null <"$1" || return 1
    [[ $pid =~ ^[0-9]+$ && $(start_ticks "$pid") == "$ticks" ]] && echo "$pid"
}
