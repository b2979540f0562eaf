#!/bin/bash
# The bridge between a daemon and a real API server, when nothing fails: inputs arrive,
# ports and conditions are mirrored, and what others do to our objects is made right.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge

start_runtime
start_cluster
check "the daemon knows no configuration yet" test "$(config .observation.state)" = UNKNOWN
start_listener 30010 33000 20000
run pdctl --runtime-dir "$dir" diff
check_run "diff says that there is no bridge" 3
check "and what a bridge is for" contains "$err" "there is no polarstack-bridge there"
run pdctl --runtime-dir "$dir" doctor
check "doctor checks the rest" contains "$out" "skipped bridge" "ok      daemon scanner"

# ---- inputs ----

start_bridge
check "the configuration arrives" wait_for 20 config_is_fresh
check "ranges: both ends included" test "$(config '[.portRanges[] | "\(.first)-\(.last)"] | join(",")')" = \
    5400-5800,15400-15800,16000-16400,30000-39999
check "versions: without the one that has no name" test "$(config '[.coreVersions[].name] | join(",")')" = \
    polardb-wrm-1.0.1,polardb-wrm-1.0.2
check "the network card" test "$(config .clientNic)" = bond0
check "the BMC is not to be asked" test "$(config .checkBmc)" = false
check "where it is from" test "$(config '.provenance[] | select(.field == "port_ranges") | .source')" = \
    "ConfigMap kube-system/polardb4mpd-controller"
check "of which version" test "$(config '.provenance[] | select(.field == "port_ranges") | .resourceVersion')" = \
    "$(kubectl -n kube-system get configmap polardb4mpd-controller -o jsonpath='{.metadata.resourceVersion}')"
check "no secret in the log" lacks "$(cat "$work/bridge.log" "$work/daemon.log")" not-to-be-logged

# ---- the ports ----

check "a port in use is published" wait_for 10 published 30010
check "and another one" published 33000
check "none outside the ranges" withdrawn 20000
check "nothing but ports" test "$(ports_map '.data | keys | join(",")')" = 30010,33000
check "its time has v1's layout" test -n "$(ports_map '.metadata.annotations.updateTimestamp | select(test("^[0-9-]{10}T[0-9:]{8}Z$"))')"
check "it is fresh" ports_state_is FRESH
check "it belongs to the Node" test "$(ports_map '.metadata.ownerReferences[0].uid')" = \
    "$(kubectl get node node-1 -o jsonpath='{.metadata.uid}')"
stop_listener "$listener"
check "ports that are gone are withdrawn" wait_for 10 withdrawn 30010
start_listener 30010
check "and come back" wait_for 10 published 30010
check "diff agrees" wait_for 10 in_sync

# A connection's own port is none of a server's, unless it stays.
perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 20001, Listen => 1) or die;
    my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 20001, LocalPort => 30020) or die;
    sleep 600' &
children+=($!)
sees_connection() {
    pdctl --runtime-dir "$dir" get ports --range 30020 -o json | jq -e '.ports[0].class == "CONNECTED"'
}
check "the daemon sees a connection" wait_for 10 sees_connection
start_listener 30021
check "a later listener is published" wait_for 10 published 30021
check "the connection is not" withdrawn 30020

# ---- the Node ----

check "the refresh condition is there" wait_for 10 condition NodeRefreshFlag
check "as v1 wrote it" test "$(condition NodeRefreshFlag | jq -r '[.status, .reason, .message] | join(" ")')" = \
    "True Refresh Refresh"
kubectl get node node-1 -o json | jq '.status.conditions |= map(if .type == "NodeRefreshFlag" then .status = "False" else . end)
    | .status.conditions += [{type: "NodeMaintainMode", status: "False", reason: "x", message: "y",
        lastTransitionTime: "2020-01-01T00:00:00Z", lastHeartbeatTime: "2020-01-01T00:00:00Z"}]' >"$work/node.json"
kubectl replace --raw /api/v1/nodes/node-1/status -f "$work/node.json" >/dev/null
refresh_is_true() {
    condition NodeRefreshFlag | jq -e '.status == "True"'
}
check "a condition of ours is made right" wait_for 10 refresh_is_true
check "one of others stays" test "$(condition NodeMaintainMode | jq -r .lastTransitionTime)" = 2020-01-01T00:00:00Z

# ---- what others do to our ConfigMap ----

kubectl -n kube-system patch configmap "$ports_map" --type merge \
    -p '{"data": {"30010": null, "intruder": "x", "30011": "the port already use"}}' >/dev/null
is_restored() {
    [ "$(ports_map '.data | keys | join(",")')" = 30010,30021 ]
}
check "edited by hand: made right" wait_for 10 is_restored
kubectl -n kube-system patch configmap "$ports_map" --type json -p '[{"op": "remove", "path": "/data"}]' >/dev/null
check "emptied: made right" wait_for 10 is_restored
kubectl -n kube-system delete configmap "$ports_map" >/dev/null
check "deleted: made again" wait_for 10 is_restored
kubectl -n kube-system annotate configmap "$ports_map" theirs=stays >/dev/null
stop_listener "$listener"
check "a later change is written" wait_for 10 withdrawn 30021
check "annotations of others stay" test "$(ports_map .metadata.annotations.theirs)" = stays
start_listener 30021
check "written again" wait_for 10 published 30021

# ---- inputs that change, vanish, or are nonsense: nothing is ever emptied ----

ranges() {
    kubectl -n kube-system annotate --overwrite configmap polardb4mpd-controller "polarbox.mpd.engine.port.range=$1" >/dev/null
}
range_reason() {
    config '.provenance[] | select(.field == "port_ranges") | .staleReason | select(. != "")'
}
has_range() {
    config '.portRanges[] | "\(.first)-\(.last)"' | grep -qx "$1"
}
ranges 30000+21
check "a range by its length arrives" wait_for 10 has_range 30000-30020
check "what is outside is withdrawn" wait_for 10 withdrawn 30021
check "what is inside stays" published 30010
ranges 30000-32999
check "and back" wait_for 10 published 30021
ranges 32999-30000
check "a nonsense range is named" wait_for 10 range_reason
check "with its annotation" contains "$(range_reason)" "polarbox.mpd.engine.port.range" "32999-30000"
check "the last good one stays" has_range 30000-39999
check "the ports stay" published 30010
kubectl -n kube-system delete configmap polardb4mpd-controller >/dev/null
vanished() {
    contains "$(range_reason)" "does not exist any more"
}
check "ranges that vanish are missed" wait_for 10 vanished
check "and kept" has_range 30000-39999
check "the ports are published still" published 30010
start_listener 30022
check "and new ones" wait_for 10 published 30022
inputs | kubectl apply -f - >/dev/null 2>&1
check "they come back" wait_for 10 config_is_fresh

kubectl -n kube-system patch configmap controller-config --type merge -p '{"data": {"enablePrintPort": "no"}}' >/dev/null
check "publishing can be switched off" wait_for 10 ports_state_is DISABLED
check "without taking away what is there" published 30010
kubectl -n kube-system patch configmap controller-config --type merge -p '{"data": {"enablePrintPort": "Y"}}' >/dev/null
check "and on again" wait_for 10 ports_state_is FRESH

# ---- restarts ----

stop_bridge
check "the bridge stops well" test $? = 0
stop_listener "$listener"
start_bridge
check "a new bridge makes up for what it missed" wait_for 20 withdrawn 30022
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$dir" --node-name node-1
check "a new daemon is told the configuration" wait_for 20 config_is_fresh
check "and the ports stay right" wait_for 10 published 30010
kill -9 "$bridge"
wait "$bridge" 2>/dev/null
start_listener 30023
start_bridge
check "a bridge that was killed comes back" wait_for 20 published 30023
check "all is in sync" wait_for 10 in_sync
run pdctl --runtime-dir "$dir" doctor
check_run "doctor finds no fault" 0
check "it was refused nothing" test "$(audit_requests 0 "$agent" 'map(select(.responseStatus.code == 403)) | length')" = 0
check "the daemon stops" stop_daemon "$daemon"
check "the bridge stops" stop_bridge
finish
