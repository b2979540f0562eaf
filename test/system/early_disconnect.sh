#!/bin/bash
# Peers that connect and leave at once must not keep the daemon from serving
# others. (nng 1.5.2 by itself stops to accept then: nanomsg/nng issue 1518.)
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"

# visit SOCKET COUNT: connects and closes, without a byte
visit() {
    perl -MSocket -e '
        for (1 .. $ARGV[1]) {
            socket(my $peer, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
            connect($peer, sockaddr_un($ARGV[0])) or die "connect: $!";
        }' "$1" "$2"
}

start_daemon "$work/run"
visit "$work/run/daemon.sock" 300
run pdctl health --runtime-dir "$work/run" --timeout 3s
check_run "requests are answered" 0
visit "$work/run/daemon.stream.sock" 300
run pdctl watch ports --runtime-dir "$work/run" --for 3s
check "streams are served" contains "$err" "synchronized: "

kill -STOP "$daemon"
visit "$work/run/daemon.sock" 5
visit "$work/run/daemon.stream.sock" 5
kill -CONT "$daemon"
run pdctl health --runtime-dir "$work/run" --timeout 3s
check_run "requests are answered after a stop" 0
run pdctl watch ports --runtime-dir "$work/run" --for 3s
check "streams are served after a stop" contains "$err" "synchronized: "

finish
