#!/bin/bash
# The bridge beside another writer of the same objects: it compares, and writes nothing.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge

# As the other writer publishes the PORTs, in one write.
write_ports() {
    kubectl -n kube-system get configmap "$ports_map" >/dev/null 2>&1 ||
        kubectl -n kube-system create configmap "$ports_map" >/dev/null
    kubectl -n kube-system get configmap "$ports_map" -o json |
        jq '.data = ($ARGS.positional | map({key: ., value: "the port already use"}) | from_entries)' --args "$@" |
        kubectl replace -f - >/dev/null
}

wrote_nothing() {
    [ "$(audit_requests "$mark" "$agent" 'map(select(.verb | IN("create", "patch", "update", "delete"))
        | select(.objectRef.resource | IN("configmaps", "nodes"))) | length')" = 0 ]
}

mismatches_are() {
    [ "$(mirror .mismatches)" = "$1" ]
}

# differs_at PATHS: as diff sees it at this moment
differs_at() {
    [ "$(mirror '[.differences[].path] | join(",")')" = "$1" ]
}

start_cluster
mark=$(audit_mark)
start_listener 30010 30011
first=$listener
check "the daemon sees the ports" wait_for 10 daemon_sees 30011
write_ports 30010 30011
start_bridge --mirror compare --compare-after 4s
check "the configuration arrives all the same" wait_for 20 config_is_fresh
check "the mirror writes nothing" wait_for 10 mirror_is NOT_WRITTEN
check "where both say the same there is no difference" wait_for 10 differs_at ""
check "nor a mismatch" mismatches_are 0

start_listener 30020
late=$listener
check "a difference shows at once" wait_for 10 differs_at data/30020
check "and counts only when it lasts" mismatches_are 0
write_ports 30010 30011 30020
check "the other writer follows" wait_for 10 differs_at ""
sleep 5
check "which was no mismatch" mismatches_are 0

write_ports 30010 30011 30020 30099
check "a port too many counts" wait_for 10 mismatches_are 1
check "and is logged" log_has 'object differs object="ConfigMap kube-system/cloud-provider-port-usage-node-1" path="data/30099" wanted="" found="the port already use"'
write_ports 30010 30020 30099
check "a missing one as well" wait_for 10 mismatches_are 2
run pdctl --runtime-dir "$dir" diff
check_run "diff tells them" 1
check "with both sides" contains "$out" "NOT_WRITTEN" "2 mismatches" "- data/30099: the port already use" "+ data/30011: the port already use"
check "each counts once" test "$(grep -c 'object differs object="ConfigMap' "$work/bridge.log")" = 2
check "the Node's condition, which nobody writes here" log_has 'object differs object="Node node-1" path="status/conditions/NodeRefreshFlag"'
check "nothing was written" wrote_nothing
stop_bridge

# ---- off, then on ----

mark=$(audit_mark)
start_bridge --mirror off
check "switched off: it says so" wait_for 20 mirror_is NOT_WRITTEN
sleep 3
check "and writes nothing" wrote_nothing
check "nor compares" mismatches_are 0
stop_bridge
start_bridge
check "switched on: the object is made right" wait_for 20 withdrawn 30099
check "whole" published 30011
check "in sync" wait_for 10 in_sync
stop_listener "$first"
stop_listener "$late"
run polarstack-bridge --runtime-dir "$dir" --mirror maybe
check_run "an unknown mode is refused" 2
check "with those that there are" contains "$err" "off" "compare" "on"
finish
