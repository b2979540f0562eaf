#!/bin/bash
# Several nodes: the bridge finds their daemons by their pods, and asks them.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge

nodes() {
    pdctl --runtime-dir "$dir" get nodes -o json | jq -er "$1"
}

start_cluster
start_bridge
check "the bridge knows its own node" wait_for 20 nodes '.nodes[0].node == "node-1" and .nodes[0].reachable'
check "with the version" test "$(nodes '.nodes[0].version')" = "$(pdctl --runtime-dir "$dir" version -o json | jq -r .daemon)"

start_daemon "$work/n2" --node-name node-2 --listen tcp://127.0.0.2:8901
second=$daemon
start_daemon "$work/n3" --node-name node-3 --listen tcp://127.0.0.3:8901
pod daemon-1 node-1 127.0.0.1 Running
pod daemon-2 node-2 127.0.0.2 Running
pod daemon-3-old node-3 127.0.0.30 Failed
pod daemon-3 node-3 127.0.0.3 Running
pod daemon-4 node-4 "" Pending
pod daemon-5 node-5 127.0.0.5 Running
pod other node-6 127.0.0.6 Running something-else
three_answer() {
    nodes '[.nodes[] | select(.reachable) | .node] == ["node-1", "node-2", "node-3"]'
}
check "nodes come by their pods" wait_for 20 three_answer
run pdctl --runtime-dir "$dir" get nodes
check_run "one that does not answer is a negative answer" 1
check "the table" contains "$out" "NODE    ADDRESS    STATUS       VERSION  REASON" \
    "node-2  127.0.0.2  " "node-4  -          UNREACHABLE  -        the pod kube-system/daemon-4 has no address yet" \
    "node-5  127.0.0.5  UNREACHABLE  -        cannot reach tcp://127.0.0.5:8901"
check "no other pods" lacks "$out" node-6
run pdctl --runtime-dir "$dir" get nodes -o wide
check "wide: pods and addresses" contains "$out" "kube-system/daemon-3 " "tcp://127.0.0.3:8901" "ipc://$dir/daemon.sock"
run pdctl --runtime-dir "$dir" get nodes -o name
check "names" test "$out" = $'node/node-1\nnode/node-2\nnode/node-3\nnode/node-4\nnode/node-5'

start_listener 30010
sees_everywhere() {
    [ "$(pdctl --runtime-dir "$dir" get ports --all-nodes --range 30010 -o name 2>/dev/null)" = \
        $'node-1/port/30010\nnode-2/port/30010\nnode-3/port/30010' ]
}
check "a port on all nodes" wait_for 10 sees_everywhere
run pdctl --runtime-dir "$dir" get ports --all-nodes --range 30010
check_run "two did not answer" 1
check "and are named" contains "$err" "pdctl: node-4: UNAVAILABLE: its pod has no address yet" \
    "pdctl: node-5: UNAVAILABLE: cannot reach" "3 of 5 nodes answered"

# ---- an address that another node has by now ----

kubectl -n kube-system delete pod daemon-5 daemon-4 --force --grace-period 0 >/dev/null 2>&1
pod daemon-6 node-6 127.0.0.2 Running
knows_sixth() {
    nodes '.nodes[] | select(.node == "node-6") | .error | test("answers as node .node-2")'
}
check "a node that answers under another name has not answered" wait_for 20 knows_sixth
run pdctl --runtime-dir "$dir" get ports --all-nodes --range 30010
check "nor to pdctl" contains "$err" "node-6: FAILED_PRECONDITION: tcp://127.0.0.2:8901 answers as node 'node-2'"
kubectl -n kube-system delete pod daemon-6 --force --grace-period 0 >/dev/null 2>&1

# ---- what it asks the API server ----

sleep 6 # a list serves for five seconds
mark=$(audit_mark)
for _ in 1 2 3 4; do
    pdctl --runtime-dir "$dir" get nodes >/dev/null
done
check "some questions, one list" wait_for 10 audit_is 1 "$mark" "$agent" list pods
check "pods are not watched" audit_is 0 "$mark" "$agent" watch pods

# ---- faults ----

kill -STOP "$second"
begin=$(date +%s%N)
run pdctl --runtime-dir "$dir" get nodes
took_ms=$((($(date +%s%N) - begin) / 1000000))
kill -CONT "$second"
check "one that hangs is not waited for beyond three seconds" within 2500 "$took_ms" 4500
check "and is named" contains "$out" "no answer within the timeout"
check "the others answer" contains "$out" "node-3  127.0.0.3  "
check "it comes back" wait_for 10 nodes '.nodes[] | select(.node == "node-2") | .reachable'

kubectl -n kube-system get role polarstack-bridge -o json | jq '.rules |= map(select(.resources != ["pods"]))' |
    kubectl replace -f - >/dev/null
list_is_forbidden() {
    pdctl --runtime-dir "$dir" get nodes 2>&1 | grep -q "cannot list the agents' pods.*(PERMISSION_DENIED)"
}
check "without the right" wait_for 20 list_is_forbidden
run pdctl --runtime-dir "$dir" doctor
check "doctor names it" contains "$out" "the bridge may not: list pods"
kubectl apply -f "$SOURCE_DIR/deploy/bridge-rbac.yaml" >/dev/null 2>&1
check "with the right again" wait_for 20 three_answer

kube_kill
sleep 6
run pdctl --runtime-dir "$dir" get nodes
check_run "without an API server there is no list" 3
check "and the reason is said" contains "$err" "cannot list the agents' pods"
run pdctl --runtime-dir "$dir" get ports --range 30010 -o name
check "this node's daemon answers" test "$out" = port/30010
kube_start
check "and a list again" wait_for 30 three_answer
finish
