#!/bin/bash
# Many ports: 5,000 are published right and fast. More than a ConfigMap holds, or less
# when something else lies in it, is said, not tried again and again; what stands there
# stays, and it goes on when there is room.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge

# bind_ports FIRST LAST: a process that has these UDP ports, of those that are free; leaves $binder
bind_ports() {
    perl -MSocket -e '
        my ($marker, $first, $last) = @ARGV;
        my @sockets;
        for my $port ($first .. $last) {
            socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
            push @sockets, $socket if bind($socket, pack_sockaddr_in($port, INADDR_LOOPBACK));
        }
        open(my $ready, ">", $marker) or die $!;
        sleep 600' "$work/bound" "$1" "$2" &
    binder=$!
    children+=("$binder")
    wait_for 30 test -e "$work/bound"
    rm -f "$work/bound"
}

release_ports() {
    local pid
    for pid in "$@"; do
        kill -TERM "$pid"
        wait "$pid" 2>/dev/null
    done
}

# published_ports are FIRST to LAST, each of them, and no others
published_are() {
    [ "$(ports_map '.data // {} | keys | map(tonumber) | sort | "\(length) \(.[0]) \(.[-1])"')" = "$(($2 - $1 + 1)) $1 $2" ]
}

# Writes of the ports' ConfigMap since MARK, also those refused
writes_since() {
    audit_requests "$1" "$agent" '
        map(select((.verb == "patch" or .verb == "create") and .objectRef.resource == "configmaps")) | length'
}

# no_storm MOST: in 15 s at most so many writes
no_storm() {
    local mark
    mark=$(audit_mark)
    sleep 15
    within 0 "$(writes_since "$mark")" "$1"
}

ulimit -n "$(ulimit -Hn)"
start_cluster
start_bridge
check "it works" wait_for 20 config_is_fresh

# ---- 5,000 ports ----

mark=$(audit_mark)
begin=${EPOCHREALTIME/./}
bind_ports 30000 34999
check "5,000 ports are published" wait_for 20 published_are 30000 34999
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
check "within 10 s, binding and asking included: $took ms" within 0 "$took" 10000
check "in few writes" within 1 "$(writes_since "$mark")" 25
check "diff agrees" wait_for 10 in_sync
release_ports "$binder"
none_published() {
    [ "$(ports_map '.data // {} | length')" = 0 ]
}
check "and withdrawn" wait_for 20 none_published

# ---- something else lies in the object ----

# 1,000,000 bytes of its 1,048,576 are taken: 1,500 ports of 28 bytes fit, 5,000 do not.
start_listener 30010
check "a port" wait_for 10 published 30010
head -c 1000000 /dev/zero | base64 -w 0 | jq -R '{binaryData: {theirs: .}}' >"$work/large.json"
kubectl -n kube-system patch configmap "$ports_map" --type merge --patch-file "$work/large.json" >/dev/null
bind_ports 31000 35999
check "what the server refuses is TOO_LARGE" wait_for 20 mirror_is TOO_LARGE
check "and says so where readers look" wait_for 10 ports_state_is TOO_LARGE
check "with the reason" contains "$(ports_annotation reason)" "bytes in 5001 entries: the API server refused that much"
check "the old data stays" test "$(ports_map '.data | keys | join(",")')" = 30010
check "what is not ours stays" test "$(ports_map '.binaryData.theirs | length')" -gt 1300000
run pdctl --runtime-dir "$dir" diff
check "diff shows it" test "$status" = 1
check "and why" contains "${out:0:500}" TOO_LARGE "5001 entries"
check "it is not tried again and again" no_storm 3
release_ports "$binder"
start_listener 30011
check "with fewer ports it goes on by itself" wait_for 20 published 30011
check "and is fresh" wait_for 10 ports_state_is FRESH
check "all of it" wait_for 10 in_sync
bind_ports 31000 35999
check "too large again" wait_for 20 ports_state_is TOO_LARGE
kubectl -n kube-system patch configmap "$ports_map" --type merge -p '{"binaryData": null}' >/dev/null
check "when the other thing goes, it goes on, too" wait_for 20 published 35999
check "and is fresh again" wait_for 10 ports_state_is FRESH
release_ports "$binder"
check "and goes on" wait_for 20 withdrawn 35999

# ---- more ports than any ConfigMap holds ----

kubectl -n kube-system annotate --overwrite configmap polardb4mpd-controller \
    polarbox.mpd.engine.port.range=1-65535 >/dev/null
range_is_all() {
    [ "$(config '[.portRanges[] | "\(.first)-\(.last)"] | join(",")')" = 1-65535 ]
}
check "the range is all" wait_for 20 range_is_all
check "published" wait_for 20 ports_state_is FRESH
before=$(ports_map '.data | keys | length')
binders=()
for first in 1024 15524 30024; do
    bind_ports "$first" $((first + 14499))
    binders+=("$binder")
done
check "43,000 ports are too many" wait_for 40 ports_state_is TOO_LARGE
check "it tells how many" contains "$(ports_annotation reason)" "entries: a ConfigMap holds 1048576 bytes"
check "diff, too" wait_for 10 mirror_is TOO_LARGE
check "no write that cannot succeed, no storm" no_storm 3
check "the daemon knows them all" test \
    "$(pdctl --runtime-dir "$dir" get ports -o json | jq '.ports | length')" -gt 42000
check "the old data stays" test "$(ports_map '.data | keys | length')" -ge "$before"
release_ports "${binders[0]}" "${binders[1]}"
check "the daemon sees both go" wait_for 40 daemon_misses 15600
check "with fewer it goes on" wait_for 40 ports_state_is FRESH
check "and they are there" wait_for 20 published 31000
check "all is in sync" wait_for 20 in_sync
check "the others are not" withdrawn 15600
check "the bridge stops" stop_bridge
check "the daemon, too" stop_daemon "$daemon"
finish
