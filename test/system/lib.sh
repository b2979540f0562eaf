# lib.sh - sourced by the system tests that are scripts.
#
#   run COMMAND...              runs it; leaves $status, $out and $err
#   check NAME COMMAND...       counts COMMAND's success as passed test NAME
#   check_run NAME STATUS       checks $status, and shows what was printed when it differs
#   start_daemon DIR [OPTION]   starts polarstack-daemon, waits until it answers; leaves $daemon
#   stop_daemon PID             by SIGTERM; its exit code
#   wait_for SECONDS COMMAND    until COMMAND succeeds
#   time_run COMMAND...         as run; leaves $took_ms, too
#   start_babbler ADDRESS       a server that talks nonsense, on port 8901
#   in_own_network "$@"         runs the script again in a network namespace of its own
#   finish                      prints "N passed, N failed" and ends the script
#
# $work is a folder of the test's own; it and all processes of $children are
# gone at the end. The functions named in $at_end are called between the two. BIN_DIR names the folder of the programs.
# shellcheck shell=bash disable=SC2034

set -u
: "${BIN_DIR:?name the folder of the programs, for example BIN_DIR=build/release/bin}"
BIN_DIR=$(cd "$BIN_DIR" && pwd)
PATH=$BIN_DIR:$PATH
unset POLARSTACK_RUNTIME_DIR XDG_RUNTIME_DIR NO_COLOR
work=$(mktemp -d)
children=()
at_end=()
passed=0
failed=0

clean_up() {
    local pid last
    for pid in "${children[@]}"; do
        kill -CONT "$pid" 2>/dev/null
        kill -TERM "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    for last in "${at_end[@]}"; do
        "$last"
    done
    rm -rf "$work"
}
trap clean_up EXIT

in_own_network() {
    [ -n "${PSD_TEST_NETWORK-}" ] && ip link set lo up && return
    rm -rf "$work" # the script makes another one
    PSD_TEST_NETWORK=own exec unshare --net -- "$0" "$@"
}

run() {
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    out=$(<"$work/out")
    err=$(<"$work/err")
}

time_run() {
    local begin
    begin=$(date +%s%N)
    run "$@"
    took_ms=$((($(date +%s%N) - begin) / 1000000))
}

check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: %s\n' "$name" "$*" >&2
    fi
}

check_run() {
    [ "$status" = "$2" ] || printf 'exit code %s, stdout: %s\nstderr: %s\n' "$status" "$out" "$err" >&2
    check "$1" test "$status" = "$2"
}

# contains TEXT PART...: every PART stands in TEXT
contains() {
    local text=$1 part
    shift
    for part in "$@"; do
        [[ $text == *"$part"* ]] || return 1
    done
}

# holds FILTER FILE: the jq filter is true of the JSON in FILE
holds() {
    jq -e "$1" "$2" >/dev/null
}

lacks() {
    ! contains "$1" "$2"
}

# Asks nine times a second: quick, and not a load on a small machine.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# True also while the daemon is DEGRADED: it answers.
answers() {
    pdctl --runtime-dir "$1" health >/dev/null 2>&1
    [ $? -le 1 ]
}

start_daemon() {
    local dir=$1
    shift
    polarstack-daemon --runtime-dir "$dir" "$@" 2>>"$work/daemon.log" &
    daemon=$!
    children+=("$daemon")
    wait_for 20 answers "$dir" || {
        echo "the daemon does not answer:" >&2
        cat "$work/daemon.log" >&2
        exit 1
    }
}

stop_daemon() {
    kill -TERM "$1" && wait "$1"
}

# A process with a TCP listener on each PORT of 127.0.0.1; leaves $listener.
start_listener() {
    perl -MIO::Socket::INET -e '
        my $marker = shift;
        my @sockets = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $_, Listen => 1, ReuseAddr => 1)
            or die "port $_: $!" } @ARGV;
        open(my $ready, ">", $marker) or die $!;
        sleep 600' "$work/listening" "$@" &
    listener=$!
    children+=("$listener")
    wait_for 10 test -e "$work/listening"
    rm -f "$work/listening"
}

start_babbler() {
    perl -MIO::Socket::INET -e '
        my $server = IO::Socket::INET->new(LocalAddr => shift, LocalPort => 8901, Listen => 5, ReuseAddr => 1) or die;
        open(my $ready, ">", shift) or die; close $ready;
        while (my $peer = $server->accept) { print $peer "HTTP/1.1 400 Bad Request\r\n\r\n" x 10; close $peer }' \
        "$1" "$work/babbling" &
    children+=($!)
    wait_for 10 test -e "$work/babbling"
}

stop_listener() {
    kill -TERM "$1"
    wait "$1" 2>/dev/null
    return 0
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}
