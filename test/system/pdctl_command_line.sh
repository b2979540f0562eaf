#!/bin/bash
# What pdctl prints and refuses without a daemon.
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"

no_daemon=$work/nobody

# refused STATUS MESSAGE ARGUMENT...: one line on stderr, nothing on stdout
refused() {
    local expected=$1 message=$2
    shift 2
    run pdctl "$@"
    check_run "exit code of: pdctl $*" "$expected"
    check "stderr of: pdctl $*" test "$err" = "pdctl: $message"
    check "stdout of: pdctl $*" test -z "$out"
}

# ---- help ----

run pdctl --help
check_run "--help succeeds" 0
check "--help lists the commands" contains "$out" "get ports" "watch ports" "why port" "scan ports" "describe" \
    "health" "version" "completion" "Exit codes:"
check "--help hides what is for scripts" lacks "$out" "complete "
general=$out
run pdctl help
check "help is --help" test "$out" = "$general"
run pdctl -h
check "-h is --help" test "$out" = "$general"
run pdctl get --help
check_run "help of a group succeeds" 0
check "help of a group shows its commands" contains "$out" "Usage: pdctl get COMMAND" "get ports"
for command in "get ports" "watch ports" "get config" "get nodes" "watch config" "get net" "watch net" "get versions" "watch versions" "why port" "why version" "scan ports" "check versions" describe health version completion help; do
    # shellcheck disable=SC2086
    run pdctl $command --help
    check_run "pdctl $command --help succeeds" 0
    check "pdctl $command --help shows usage and examples" contains "$out" "Usage: pdctl $command" "Examples:"
    before=$out
    # shellcheck disable=SC2086
    run pdctl help $command
    check "pdctl help $command is the same" test "$out" = "$before"
    check "no line of it is too long" test -z "$(sed '/^Examples:/,$d' "$work/out" | grep -E '.{81}')"
done

# ---- refusals ----

refused 2 "no command given: name one of: get, watch, why, scan, check, diff, doctor, describe, health, version, completion, help: see 'pdctl --help'"
refused 2 "unknown command 'gte': did you mean 'get'?" gte ports
refused 2 "unknown command 'prots' after 'get': did you mean 'ports'?" get prots
refused 2 "unknown command 'zebra': see 'pdctl --help'" zebra
refused 2 "unknown command 'zebra' after 'get': see 'pdctl get --help'" get zebra
refused 2 "unknown command 'prots' after 'get': did you mean 'ports'?" help get prots
refused 2 "'get' of what? Name one of: ports, config, net, versions, nodes" get
refused 2 "unknown option '--rnage': did you mean '--range'?" get ports --rnage 5400
refused 2 "unknown option '--zebra': see --help" get ports --zebra
refused 2 "unknown option '-x': see --help" get ports -x
refused 2 "unknown option '--range': see --help" health --range 5
refused 2 "option '--range' needs a value: --range RANGES" get ports --range
refused 2 "option '--range': port range '70000': '70000' is not a whole number from 1 to 65535" get ports --range 70000
refused 2 "option '--range': port range '9-': '' is not a whole number from 1 to 65535" get ports --range 9-
refused 2 "option '--range': port range 'a-b': 'a' is not a whole number from 1 to 65535" get ports --range a-b
refused 2 "option '--range': port range '5-3' ends before it begins: write 3-5" get ports --range 5-3
refused 2 "option '--range': '' lacks a port range: write for example 5400,30000-32999" get ports --range=
refused 2 "option '--output': 'xml' is not one of table, wide, json, yaml or name" get ports -o xml
refused 2 "option '--output': 'yaml' is not one of table or json" watch ports -o yaml
refused 2 "option '--output': 'table' is not one of text, json or yaml" health -o table
refused 2 "option '--color': 'red' is not one of auto, always or never" health --color red
refused 2 "option '--timeout': '5' is not a duration: write a number and ms, s, m, h or d, for example 500ms" health --timeout 5
refused 2 "option '--timeout': '0' is too short: the least is 1ms" health --timeout 0
refused 2 "option '--timeout': '2h' is too long: the most is 1h" health --timeout 2h
refused 2 "option '--count': '0' is not a whole number from 1 to 18446744073709551615" watch ports --count 0
refused 2 "option '--no-headers': 'maybe' is neither true nor false" get ports --no-headers=maybe
refused 2 "'why port' needs a PORT: pdctl why port PORT [OPTION]..." why port
refused 2 "port: '0' is not a whole number from 1 to 65535" why port 0
refused 2 "port: '65536' is not a whole number from 1 to 65535" why port 65536
refused 2 "port: 'http' is not a whole number from 1 to 65535" why port http
refused 2 "'why port' takes no '6': see 'pdctl why port --help'" why port 5 6
refused 2 "'get ports' takes no '5400': see 'pdctl get ports --help'" get ports 5400
refused 2 "'why version' needs a NAME: pdctl why version NAME [OPTION]..." why version
refused 2 "'why version' takes no 'b': see 'pdctl why version --help'" why version a b
refused 2 "'get versions' takes no 'a': see 'pdctl get versions --help'" get versions a
refused 2 "option '--output': 'name' is not one of table, wide, json or yaml" check versions -o name
refused 2 "--operation and --no-wait exclude each other: give one" check versions --operation x --no-wait
refused 2 "--operation is of one server: name a daemon with --url, or the bridge with --all-nodes" \
    check versions --operation x --nodes ipc:///x
refused 2 "--url, --nodes and --all-nodes exclude each other: give one" check versions --all-nodes --nodes ipc:///x
refused 2 "--url, --nodes and --all-nodes exclude each other: give one" check versions --all-nodes --url ipc:///x
refused 2 "--nodes: url 'http://x' begins with neither ipc:// nor tcp://" check versions --nodes http://x
refused 2 "'completion' needs a SHELL: pdctl completion SHELL [OPTION]..." completion
refused 2 "'completion' knows no SHELL 'tcsh': use bash, zsh or fish." completion tcsh
refused 2 "--url and --runtime-dir exclude each other: give one" health --url ipc:///x --runtime-dir /x
refused 2 "url 'nonsense' begins with neither ipc:// nor tcp://" health --url nonsense

# ---- no daemon ----

unreachable="cannot reach ipc://$no_daemon/daemon.sock: nobody listens there: start it with polarstack-daemon, or name another folder with --runtime-dir"
for command in "get ports" "watch ports" "get config" "watch config" "get net" "watch net" "get versions" "watch versions" "why port 5400" "why version 1" "scan ports" "check versions" "check versions --no-wait" "check versions --operation x" describe health; do
    # shellcheck disable=SC2086
    refused 3 "$unreachable" $command --runtime-dir "$no_daemon"
done
refused 3 "cannot reach tcp://127.0.0.1:1: nobody listens there: start it with polarstack-daemon, or name another address with --url" \
    health --url tcp://127.0.0.1:1
no_bridge="cannot reach ipc://$no_daemon/bridge.sock: nobody listens there: there is no polarstack-bridge there, the only one that sees Kubernetes: start it with polarstack-daemon, or name another folder with --runtime-dir"
for command in "get versions" "check versions" "check versions --no-wait" "check versions --operation x"; do
    # shellcheck disable=SC2086
    refused 3 "$no_bridge" $command --all-nodes --runtime-dir "$no_daemon"
done
POLARSTACK_RUNTIME_DIR=$no_daemon refused 3 "$unreachable" health

run pdctl version --runtime-dir "$no_daemon"
check_run "version needs no daemon" 0
check "version says why the daemon's is not known" contains "$out" "pdctl " \
    "polarstack-daemon not known: cannot reach ipc://$no_daemon/daemon.sock"
run pdctl version -o json --runtime-dir "$no_daemon"
check "version as JSON" holds '.client and .daemon == null and .reason' "$work/out"

# ---- colour ----

escape=$'\033'
run pdctl zebra
check "no colour off a terminal" lacks "$err" "$escape"
run pdctl health --color always --runtime-dir "$no_daemon"
check "colour when asked for" contains "$err" "${escape}[31mpdctl: " "${escape}[0m"
run script -qec "pdctl zebra" /dev/null
check "colour on a terminal" contains "$out" "$escape"
run script -qec "NO_COLOR=1 pdctl zebra" /dev/null
check "NO_COLOR holds" lacks "$out" "$escape"
run script -qec "TERM=dumb pdctl zebra" /dev/null
check "a dumb terminal gets no colour" lacks "$out" "$escape"
run script -qec "pdctl health --color never --runtime-dir $no_daemon" /dev/null
check "no colour when not wanted" lacks "$out" "$escape"

# ---- output that cannot be written ----

pdctl help >/dev/full 2>"$work/err"
status=$?
check "a full disk has exit code 6" test $status = 6
check "a full disk is named" test "$(<"$work/err")" = "pdctl: cannot write the output: No space left on device"
pdctl help 2>"$work/err" | true
check "a closed pipe is no failure" test "${PIPESTATUS[0]}" = 0
check "a closed pipe is quiet" test -z "$(<"$work/err")"

# ---- manual page ----

run pdctl man
check_run "man succeeds" 0
cp "$work/out" "$work/pdctl.1" # mandoc takes what follows the last dot for the section
check "the manual page has no faults" mandoc -T lint -W warning "$work/pdctl.1"
check "the manual page has the exit codes" contains "$out" ".Sh EXIT STATUS" ".It 5"

finish
