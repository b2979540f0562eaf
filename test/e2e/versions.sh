#!/bin/bash
# The ConfigMap that tells which database versions could start here: a real containerd, the
# daemon, the bridge, a real API server.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge
# Only changes of the configuration, checks and failures make the daemon look.
options=(--version-period 1h)
v1=polardb-wrm-1.0.1 v2=polardb-wrm-1.0.2 v3=polardb-wrm-1.0.3

# images_of VERSION: as lib.sh's minor_version names them, whole
images_of() {
    printf 'docker.io/polardb/%s\n' "polardb_pg_engine_release:$1" "polardb_pg_manager:$1" "polardb_cluster_manager:$1" \
        "pfsd:1.2.41-$1" "pfsd_tool:1.2.41-$1"
}

# add_version VERSION: its images come to this host
add_version() {
    local images
    mapfile -t images < <(images_of "$1")
    import_images "$runtime" "${images[@]}" && wait_for 10 cri_has "$runtime" "${images[4]}"
}

# versions FILTER: what jq makes of the ConfigMap
versions() {
    kubectl -n kube-system get configmap "$versions_map" -o json | jq -er "$1"
}

annotation() {
    versions ".metadata.annotations[\"polarstack.io/$1\"]"
}

# exist NAMES: exactly that text
exist() {
    [ "$(versions .data.existingVersions)" = "$1" ]
}

state_is() {
    [ "$(annotation state)" = "$1" ]
}

# missing: "VERSION KEY PRESENCE", a line for each image
missing() {
    annotation missing-versions | jq -r '.[] | [.version, .key, .presence] | join(" ")'
}

none_missing() {
    versions '.metadata.annotations | has("polarstack.io/missing-versions") | not' >/dev/null
}

check_versions() {
    pdctl --runtime-dir "$dir" check versions >"$work/check.out" 2>&1
}

checked_after() {
    [[ $(versions .data.checkTime) > $1 ]]
}

# edit NAME PATCH: of a ConfigMap
edit() {
    kubectl -n kube-system patch configmap "$1" --type merge -p "$2" >/dev/null
}

start_runtime
add_version "$v1"
start_cluster "${options[@]}"
start_bridge

# ---- what stands there ----

check "the version whose images are all there is published" wait_for 30 exist "$v1"
check "beside the time, and nothing else" test "$(versions '.data | keys | join(",")')" = checkTime,existingVersions
check "which has v1's layout" versions '.data.checkTime | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")'
age_s=$(($(date +%s) - $(date -d "$(versions .data.checkTime)" +%s)))
check "and is true UTC" within 0 "$age_s" 60
check "it is fresh" state_is FRESH
check "from which runtime" contains "$(annotation runtime)" "containerd 1."
check "of which revision" versions '.metadata.annotations["polarstack.io/revision"] | test("^[0-9a-f]{16}-[0-9]+$")'
check "what the other one lacks" test "$(missing)" = "\
$v2 pfsdImage ABSENT
$v2 pfsdToolImage ABSENT
$v2 pgClusterManagerImage ABSENT
$v2 pgEngineImage ABSENT
$v2 pgManagerImage ABSENT"
check "by name" test "$(annotation missing-versions | jq -r '.[3].image')" = "polardb/polardb_pg_engine_release:$v2"
check "it belongs to the Node" test "$(versions '.metadata.ownerReferences[0].uid')" = \
    "$(kubectl get node node-1 -o jsonpath='{.metadata.uid}')"
check "diff agrees" wait_for 10 in_sync

# ---- images come and go ----

add_version "$v2"
check "a check" check_versions
check "finds the images that came" wait_for 10 exist "$v1,$v2"
check "nothing is missing" none_missing
before=$(versions .data.checkTime)
sleep 1 # its time has whole seconds
mark=$(audit_mark)
check "a check that finds nothing new" check_versions
check "shows in its time" wait_for 10 checked_after "$before"
check "once it is written" wait_for 10 in_sync
check "by one write" audit_is 1 "$mark" "$agent" patch configmaps
remove_images "$runtime" "$(images_of "$v1" | head -n 1)"
check "an image that is gone" check_versions
check "takes its version along" wait_for 10 exist "$v2"
check "and is named" test "$(missing)" = "$v1 pgEngineImage ABSENT"
import_images "$runtime" "$(images_of "$v1" | head -n 1)"
wait_for 10 cri_has "$runtime" "$(images_of "$v1" | head -n 1)"
check_versions
check "until it is back" wait_for 10 exist "$v1,$v2"

# ---- the cluster's versions ----

add_version "$v3"
minor_version "$v3" | kubectl create -f - >/dev/null
check "a new version is looked for at once" wait_for 10 exist "$v1,$v2,$v3"
edit "$v3" '{"data": {"pfsdImage": "polardb/pfsd:another"}}'
check "one that is edited, too" wait_for 10 exist "$v1,$v2"
check "with what it lacks now" test "$(missing)" = "$v3 pfsdImage ABSENT"
edit "$v3" "{\"data\": {\"pfsdImage\": \"docker.io/polardb/pfsd:1.2.41-$v3\"}}"
check "the whole name is the same image" wait_for 10 exist "$v1,$v2,$v3"
kubectl -n kube-system label configmap "$v3" configtype- >/dev/null
check "without its label it is no version" wait_for 10 exist "$v1,$v2"
check "nor one that misses something" none_missing
kubectl -n kube-system label configmap "$v3" configtype=minor_version_info >/dev/null
check "with it it is one again" wait_for 10 exist "$v1,$v2,$v3"
edit "$v3" '{"data": {"name": null}}'
check "without a name neither" wait_for 10 exist "$v1,$v2"
edit "$v3" "{\"data\": {\"name\": \"$v3\"}}"
check "and again" wait_for 10 exist "$v1,$v2,$v3"
edit polar-wrm-1-0-minor-version-info-root '{"data": {"latestVersion": "polardb-wrm-1.0.9"}}'
check "the one of the latest version is none" in_sync
kubectl -n kube-system delete configmap "$v3" >/dev/null
check "deleted: no version" wait_for 10 exist "$v1,$v2"

# ---- what others do to it ----

edit "$versions_map" '{"data": {"existingVersions": "none", "more": "x"}}'
check "edited by hand: made right" wait_for 10 exist "$v1,$v2"
check "whole" wait_for 10 in_sync
edit "$versions_map" '{"data": null}'
check "emptied: made right" wait_for 10 exist "$v1,$v2"
kubectl -n kube-system delete configmap "$versions_map" >/dev/null
check "deleted: made again" wait_for 10 exist "$v1,$v2"

# ---- a runtime that does not answer takes nothing away ----

before=$(versions .data.checkTime)
stop_containerd "$runtime"
check "a check fails" test "$(check_versions; echo $?)" = 1
check "it is stale" wait_for 10 state_is STALE
check "and says why" contains "$(annotation reason)" "$(containerd_socket "$runtime")"
check "the versions stay" exist "$v1,$v2"
check "and the time of the last look" test "$(versions .data.checkTime)" = "$before"
kubectl -n kube-system delete configmap "$versions_map" >/dev/null
check "deleted: made again, of what was seen" wait_for 10 exist "$v1,$v2"
check "as old as it is" test "$(versions .data.checkTime) $(annotation state)" = "$before STALE"
kubectl -n kube-system label configmap "$v1" configtype- >/dev/null
check "a version that the cluster gives up goes" wait_for 10 exist "$v2"
kubectl -n kube-system label configmap "$v1" configtype=minor_version_info >/dev/null
has_both() {
    [ "$(config '[.coreVersions[].name] | join(",")')" = "$v1,$v2" ]
}
check "one that it takes up" wait_for 10 has_both
check "is not there before somebody has looked" exist "$v2"

kill -9 "$daemon"
wait "$daemon" 2>/dev/null
start_daemon "$dir" --node-name node-1 "${options[@]}"
check "a new daemon does not know" wait_for 20 state_is WAITING
check "because it has not seen the runtime" contains "$(annotation reason)" "$(containerd_socket "$runtime")"
check "the versions stay even so" exist "$v2"
check "and the time" test "$(versions .data.checkTime)" = "$before"
stop_bridge
start_bridge
reason_is_there() {
    pdctl --runtime-dir "$dir" diff -o json | jq -e --arg map "ConfigMap kube-system/$versions_map" \
        '.objects[] | select(.name == $map) | .state == "WAITING" and (.reason | test("containerd.sock"))'
}
check "a new bridge waits, too" wait_for 20 reason_is_there
check "and leaves them" exist "$v2"
start_containerd "$runtime"
check "the runtime is back: found without being asked" wait_for 60 exist "$v1,$v2"
check "and fresh" wait_for 10 state_is FRESH
check "later than before" checked_after "$before"

kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check "a dead daemon is told" wait_for 30 state_is STALE
check "and takes nothing away" exist "$v1,$v2"
start_daemon "$dir" --node-name node-1 "${options[@]}"
check "until it is back" wait_for 20 state_is FRESH
check "diff agrees" wait_for 10 in_sync

# ---- a daemon that is older than the bridge ----

# A bridge is no daemon, and has none of its services: as an old daemon lacks this one.
polarstack-bridge --runtime-dir "$work/other" --daemon-url "ipc://$dir/bridge.sock" --node-name node-1 --mirror compare \
    --stale-after 1s --kubeconfig "$work/bridge.kubeconfig" 2>>"$work/other.log" &
children+=($!)
says_older() {
    pdctl --runtime-dir "$dir" diff --bridge-url "ipc://$work/other/bridge.sock" -o json |
        jq -e --arg map "ConfigMap kube-system/$versions_map" \
            '.objects[] | select(.name == $map) | .reason | test("the daemon is of an older version: .*GetCoreVersions")'
}
check "an older daemon is called so" wait_for 20 says_older

# ---- beside version 1 ----

stop_bridge
edit "$versions_map" "{\"data\": {\"existingVersions\": \"$v2,$v1\", \"checkTime\": \"2026-01-01T08:00:00Z\"}}"
start_bridge --mirror compare --compare-after 1s
differs_at() {
    [ "$(pdctl --runtime-dir "$dir" diff -o json | jq -r --arg map "ConfigMap kube-system/$versions_map" \
        '.objects[] | select(.name == $map) | .state + ([.differences[].path] | join(","))')" = "$1" ]
}
check "the same in another order, at another time, is no difference" wait_for 20 differs_at NOT_WRITTEN
edit "$versions_map" "{\"data\": {\"existingVersions\": \"$v2\"}}"
check "a missing version is one" wait_for 10 differs_at NOT_WRITTENdata/existingVersions
check "which is logged" wait_for 10 log_has "object differs .*$versions_map.* path=\"data/existingVersions\" wanted=\"$v1,$v2\" found=\"$v2\""
stop_bridge
start_bridge
check "switched on: made right" wait_for 20 exist "$v1,$v2"
check "it was refused nothing" test "$(audit_requests 0 "$agent" 'map(select(.responseStatus.code == 403)) | length')" = 0
run pdctl --runtime-dir "$dir" doctor
check_run "doctor finds no fault" 0
finish
