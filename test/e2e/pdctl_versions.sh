#!/bin/bash
# pdctl check versions --all-nodes: the bridge asks the daemons of all nodes, some of which
# are hung, refuse, or are not there.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/support/container_runtime.sh
. "$(dirname "$0")/../support/container_runtime.sh"
in_own_network "$@"

runtime=$work/containerd
options=(--runtime-endpoint "unix://$(containerd_socket "$runtime")" --version-period 1h)
start_containerd "$runtime"
import_images "$runtime" docker.io/polardb/engine:1
wait_for 10 cri_has "$runtime" docker.io/polardb/engine:1
start_cluster "${options[@]}"
export POLARSTACK_RUNTIME_DIR=$dir
start_bridge

# What the bridge tells node-1; the other nodes' daemons have no bridge in this test.
versions=()
for version in polardb-wrm-1.0.1 polardb-wrm-1.0.2; do
    kubectl -n kube-system patch configmap "$version" --type merge -p '{"data": {
        "pgManagerImage": null, "pgClusterManagerImage": null, "pfsdImage": null, "pfsdToolImage": null,
        "pgEngineImage": "polardb/engine:'"${version##*.}"'"}}' >/dev/null
    versions+=("$version/$version" "pgEngineImage=polardb/engine:${version##*.}")
done
start_daemon "$work/n2" --node-name node-2 --listen tcp://127.0.0.2:8901 --listen-role operator "${options[@]}"
start_daemon "$work/n3" --node-name node-3 --listen tcp://127.0.0.3:8901 "${options[@]}"
start_daemon "$work/n4" --node-name node-4 --listen tcp://127.0.0.4:8901 --listen-role operator "${options[@]}"
hung=$daemon
for node in n2 n3 n4; do
    apply-versions "ipc://$work/$node/daemon.sock" "${versions[@]}"
done
for number in 1 2 3 4 5; do
    pod "daemon-$number" "node-$number" "127.0.0.$number" Running
done

# A list of nodes serves for five seconds.
knows_all() {
    [ "$(pdctl get nodes -o name | wc -l)" = 5 ]
}
check "the bridge knows the nodes" wait_for 20 knows_all
told() {
    pdctl get config -o json | jq -e '[.coreVersions[].images | length] == [1, 1]'
}
check "and has told node-1 the versions" wait_for 20 told

# ---- all that can ----

run pdctl check versions --all-nodes --timeout 3s
check_run "nodes that do not answer are a negative answer" 1
check "those that do have a line" test "$(awk '$2 == "yes" { print $1, $3, $4, $5, $6 }' "$work/out")" = "\
node-1 1 1 0 containerd
node-2 1 1 0 containerd
node-4 1 1 0 containerd"
check "one that makes the bridge a reader" grep -q "^node-3  *no  *-.*PERMISSION_DENIED: .*--listen-role operator" "$work/out"
check "one that is not there" grep -q "^node-5  *no  *-.*UNAVAILABLE: cannot reach" "$work/out"
check "and how many were checked" test "$err" = "3 of 5 nodes checked"
run pdctl check versions --all-nodes --timeout 3s -o wide --no-headers
check "wide: names" grep -q "^node-2 .* polardb-wrm-1.0.1  *polardb-wrm-1.0.2  *-  *containerd" "$work/out"
run pdctl check versions --all-nodes --timeout 3s -o json
check_run "the same as JSON" 1
check "with names" holds '.operationId != "" and .done and (.nodes | length) == 5 and
    (.nodes[1] | .node == "node-2" and .checked and .present == ["polardb-wrm-1.0.1"] and .absent == ["polardb-wrm-1.0.2"])
    and .nodes[4].error.code == "UNAVAILABLE"' "$work/out"
run pdctl get versions --all-nodes
check "get asks the same nodes" contains "$out" "node-3  polardb-wrm-1.0.1  PRESENT" "node-4  polardb-wrm-1.0.2  ABSENT"

# ---- one that hangs ----

kill -STOP "$hung"
run script -qec "pdctl check versions --all-nodes --timeout 2s" /dev/null
check "on a terminal there is progress" contains "$out" "4 of 5 nodes" "2 of 5 nodes checked"
time_run pdctl check versions --all-nodes --timeout 2s
check "one that hangs is waited for until the time is up: $took_ms ms" test "$took_ms" -ge 1900 -a "$took_ms" -lt 5000
check "and named" grep -q "^node-4  *no  *-.*DEADLINE_EXCEEDED: " "$work/out"
check "elsewhere than on a terminal there is no progress" test "$err" = "2 of 5 nodes checked"

# ---- checks that nobody waits for ----

run pdctl check versions --all-nodes --timeout 15s --no-wait
check_run "a check that nobody waits for" 0
operation=$out
check "has an id, and says what it is for" \
    test "$err" = "see how it stands: pdctl check versions --all-nodes --operation $operation"
stands() {
    pdctl check versions --all-nodes --operation "$operation" -o json | jq -e "$1"
}
check "shows what it has so far" wait_for 12 stands '.done == false and .nodes[1].checked and .nodes[3].done == false'
run pdctl check versions --all-nodes --operation "$operation"
check_run "what runs is no good answer" 1
check "and is said to run" contains "$err" ", the check runs"
check "and ends when the time is up" wait_for 30 stands '.done and .nodes[3].error.code == "DEADLINE_EXCEEDED"'
kill -CONT "$hung"
run pdctl check versions --all-nodes --operation none
check_run "one that is not remembered" 4
check "is said to be so" contains "$err" "(NOT_FOUND)"

kubectl -n kube-system delete pod daemon-3 daemon-5 --force --grace-period 0 >/dev/null 2>&1
all_good() {
    pdctl check versions --all-nodes --timeout 3s
}
check "when all are checked the exit code is 0" wait_for 20 all_good

# ---- who may, and faults ----

chmod 755 "$work"
run setpriv --reuid nobody --regid root --clear-groups pdctl check versions --all-nodes
check_run "a reader may not check" 4
check "and is told so" contains "$err" OPERATOR "(PERMISSION_DENIED)"

kube_kill
cannot_list() {
    run pdctl check versions --all-nodes --timeout 3s
    contains "$err" "pdctl: no node could be asked: UNAVAILABLE: cannot list the agents' pods"
}
check "without an API server there are no nodes" wait_for 20 cannot_list
check_run "which is a negative answer" 1
kube_start
check "and then again" wait_for 30 all_good
finish
