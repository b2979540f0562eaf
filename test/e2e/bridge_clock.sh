#!/bin/bash
# The bridge and the daemon on a host whose clock jumps: an hour ahead, then two hours back.
# The mirror stays right, nothing is written in a loop, the sign of life goes on, and a
# connection's port is not taken for a server's.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge
faketime=$(find /usr/lib -name libfaketimeMT.so.1 -print -quit)
[ -n "$faketime" ] || {
    echo "FAILED: there is no libfaketimeMT.so.1: run scripts/setup --e2e" >&2
    exit 1
}

# with_clock PROGRAM...: in the background; it reads the wall clock as $work/clock says
with_clock() {
    local -x LD_PRELOAD=$faketime FAKETIME_TIMESTAMP_FILE=$work/clock FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1
    local -x FAKETIME_FORCE_MONOTONIC_FIX=0 # it makes timed waits return at once: a busy loop
    local -x ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
    exec "$@"
}

set_clock() {
    echo "$1" >"$work/clock.new"
    mv "$work/clock.new" "$work/clock"
}

# Only the two programs have the other clock.
daemon_with_clock() {
    with_clock polarstack-daemon --runtime-dir "$dir" --node-name node-1 2>>"$work/daemon.log" &
    daemon=$!
    children+=("$daemon")
    wait_for 20 answers "$dir"
}

bridge_with_clock() {
    with_clock polarstack-bridge --runtime-dir "$dir" --node-name node-1 --kubeconfig "$work/bridge.kubeconfig" \
        --refresh-period 5s --stale-after 3s 2>>"$work/bridge.log" &
    bridge=$!
    children+=("$bridge")
}

# A connection with a port of the cluster's at its client's end, for ever
start_connection() {
    perl -MIO::Socket::INET -e '
        my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 20001, Listen => 1) or die;
        my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 20001, LocalPort => 30020) or die;
        sleep 600' &
    children+=($!)
    wait_for 10 daemon_sees 30020
}

# is_alive OFFSET: the sign of life is of now, as a clock tells that is so many seconds ahead
is_alive() {
    local told
    told=$(date -d "$(condition NodeRefreshFlag | jq -r .lastHeartbeatTime)" +%s)
    within -2 $(($(date +%s) + $1 - told)) 9
}

writes_since() {
    audit_requests "$1" "$agent" 'map(select(.verb == "patch" or .verb == "create")) | length'
}

# after_jump NAME SECONDS PORT: all that has to hold when the clock is so far ahead
after_jump() {
    local name=$1 offset=$2 port=$3 mark now=$SECONDS
    mark=$(audit_mark)
    start_listener "$port"
    check "$name: a new port is published" wait_for 20 published "$port"
    stop_listener "$listener"
    check "$name: and withdrawn" wait_for 20 withdrawn "$port"
    check "$name: what is used stays" published 30010
    check "$name: a connection's port is none" withdrawn 30020
    check "$name: the sign of life has the new time" wait_for 20 is_alive "$offset"
    sleep 11 # two periods more
    check "$name: it goes on" is_alive "$offset"
    check "$name: in sync" wait_for 10 in_sync
    check "$name: the configuration is fresh" config_is_fresh
    # Two objects each 5 s, two changes, one write for the jump itself.
    check "$name: it writes no more than that" within 2 "$(writes_since "$mark")" $(((SECONDS - now) * 2 / 5 + 10))
}

start_cluster
stop_daemon "$daemon"
set_clock +0
daemon_with_clock
check "the daemon answers" answers "$dir"
start_listener 30010
start_connection
bridge_with_clock
check "it works" wait_for 20 published 30010
check "both agree" wait_for 10 in_sync
run pdctl --runtime-dir "$dir" doctor
check "doctor finds the clocks alike" contains "$out" "ok      bridge clock:"

set_clock +3600
skew_is() {
    pdctl --runtime-dir "$dir" doctor | grep -qE "FAULT +bridge clock: this host's clock is $1\.[0-9] s $2 that of the API server"
}
check "an hour ahead: doctor tells" wait_for 10 skew_is '3(599|60[01])' 'ahead of'
after_jump "an hour ahead" 3600 30011

set_clock -3600
check "two hours back: doctor tells" wait_for 10 skew_is '3(599|60[01])' behind
after_jump "two hours back" -3600 30012
run pdctl --runtime-dir "$dir" doctor
check "doctor says what to do" contains "$out" "set up time synchronization"

set_clock +0
after_jump "right again" 0 30013
check "the bridge stops" stop_bridge
check "the daemon, too" stop_daemon "$daemon"
finish
