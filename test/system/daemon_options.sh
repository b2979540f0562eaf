#!/bin/bash
# What the daemon's command line and config file refuse, each with one line
# that says what is wrong and what to do, and exit code 2; and what they give.
. "$(dirname "$0")/lib.sh"

config=$work/daemon.conf

is_one_line() {
    [ -n "$1" ] && [ "${1//$'\n'/}" = "$1" ]
}

# refused PART OPTION...: PART stands in the one line on standard error
refused() {
    local part=$1
    shift
    run timeout 10 polarstack-daemon --runtime-dir "$work/run" "$@"
    check_run "exit code for $*" 2
    check "one line for $*" is_one_line "$err"
    check "reason for $*" contains "$err" "polarstack-daemon: " "$part"
    check "nothing on standard output for $*" test -z "$out"
    check "nothing was made for $*" test ! -e "$work/run"
}

# refused_line PART TEXT: a config file that holds TEXT
refused_line() {
    printf '%b\n' "$2" >"$config"
    refused "$1" --config "$config"
}

refused "unknown option '--bogus': see --help" --bogus
refused "did you mean '--port-ranges'" --port-range=5
refused "unexpected argument 'extra'" extra
refused "needs a value: --node-name NAME" --node-name
refused "'loud' is not one of error, warning, info or debug" --log-level loud
refused "'5x' is not a duration" --port-listen-period 5x
refused "the least is 10ms" --port-full-period 0
refused "'0' is not a whole number from 1 to 4096" --max-in-flight 0
refused "cannot open the config file '$work/none'" --config "$work/none"

refused "'70000' is not a whole number from 1 to 65535" --port-ranges 70000
refused "port range '9-'" --port-ranges 9-
refused "port range '-9'" --port-ranges=-9
refused "port range 'a-b'" --port-ranges a-b
refused "ends before it begins: write 3-5" --port-ranges 5-3
refused "port range '65535+2' ends after port 65535" --port-ranges 65535+2
refused "port range '0'" --port-ranges 0
refused "port range '1+0'" --port-ranges 1+0
refused "port range ' 5'" --port-ranges '1, 5'
refused "lacks a port range" --port-ranges=
refused "lacks a port range" --port-ranges 1,,2
refused "lacks a port range" --port-ranges 1,
refused "is too long" --port-ranges "$(printf '1%.0s' {1..200})"

refused "'rsh' is not one of local or ssh" --host-access rsh
refused "--host-ssh-address: 'host' is not an IP address" --host-ssh-address host
refused "'0' is not a whole number from 1 to 65535" --host-ssh-port 0
refused "--host-ssh-known-hosts: without a file" --host-ssh-known-hosts=
refused "'16' is not a whole number from 0 to 15" --bmc-channel 16
refused "the least is 1s" --bmc-period 10ms
refused "the least is 100ms" --bmc-timeout 0
refused "--runtime-endpoint: '/run/containerd/containerd.sock' is no socket of a container runtime, such as unix:///run/" \
    --runtime-endpoint /run/containerd/containerd.sock
refused "--runtime-endpoint: 'tcp://127.0.0.1:2375' is no socket" --runtime-endpoint tcp://127.0.0.1:2375
refused "is too long" --runtime-endpoint "unix:///$(printf 'a%.0s' {1..200})"
refused "the least is 100ms" --version-period 0
refused "the most is 10s" --version-timeout 11s
refused "'admin' is not one of reader or operator" --listen-role admin
refused "--ipmitool: the name of a program is missing" --ipmitool=
refused "--ipmitool-arguments: '-P' would show a secret" --ipmitool-arguments '-U a -P b'

refused_line "$config:2: unknown key 'port-range': did you mean 'port-ranges'? valid keys: runtime-dir" \
    '# a comment\nport-range = 5'
refused_line "$config:1: 'print-config' is for the command line only" 'print-config = true'
refused_line "$config:3: 'node-name' stands in line 1 already" 'node-name = a\n\nnode-name = b'
refused_line "$config:1: 'garbage' is not a line of the form 'key = value'" garbage
refused_line "$config:1: port-ranges: port range '5-3' ends before it begins" 'port-ranges = 5-3'
refused "cannot read the config file '$work'" --config "$work"

run polarstack-daemon --help
check_run "--help" 0
check "--help names every option" contains "$out" --port-ranges --state-dir --listen "Exit codes"
run polarstack-daemon --version
check "--version" contains "$out" "polarstack-daemon "

# What --print-config prints is a config file that gives the same again.
run polarstack-daemon --port-ranges 5400,30000-32999,36000+100 --port-listen-period 90s --node-name 'a b' \
    --max-in-flight 7 --log-level debug --print-config
check_run "--print-config" 0
printed=$out
printf '%s\n' "$printed" >"$config"
run polarstack-daemon --config "$config" --print-config
check "the printed config is read back" test "$out" = "$printed"
run env POLARSTACK_CONFIG="$config" polarstack-daemon --print-config
check "also when the environment names it" test "$out" = "$printed"
run polarstack-daemon --config "$config" --node-name c --print-config
check "the command line is stronger than the file" contains "$out" 'node-name = c' 'max-in-flight = 7'
run env CURRENT_NODE_NAME=d polarstack-daemon --print-config
check "the node's name may come from the environment" contains "$out" 'node-name = d'

finish
