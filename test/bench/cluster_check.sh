#!/bin/bash
# cluster_check: one bridge makes 50 daemons ask their runtime, a real containerd, which versions
# are there: with one of them dead, and compared with a cluster of one node.
#
# Compared twice. Checks are minutes apart: with a pause between two, no program has its code
# and data in the processor's caches, be it one of one or of fifty. Back to back is harder: one
# node alone stays in the caches, and fifty do not.
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly count=50 timeout_ms=3000 rounds=40 list_serves_s=5 pause_ms=20
readonly image=registry.example/engine:1
# Nothing but the checks is measured: no daemon looks by itself.
options=(--version-period 1h --port-listen-period 1h
    --port-full-period 1h --bmc-period 1h)

# ask ROUNDS FILE [PAUSE_MS]: as cluster-check prints it
ask() {
    cluster-check "ipc://$dir/bridge.sock" versions "$1" "$timeout_ms" "${3-$pause_ms}" >"$2" 2>>"$work/cluster-check.log"
}

# median FILE: of its answers, in ms
median() {
    bench_percentile 0.5 <(awk '{ print $1 }' "$1")
}

# ratio A B
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'
}

# all_rows NODES GOOD FILE: each answer had so many
all_rows() {
    awk -v nodes="$1" -v good="$2" '$2 != nodes || $3 != good || $4 != good { wrong = 1 } END { exit wrong || NR == 0 }' "$3"
}

own_is_there() {
    ask 1 "$work/first" && all_rows 1 1 "$work/first"
}

# slowest FILE: of its answers, in ms
slowest() {
    awk '$1 > most { most = $1 } END { printf "%.1f\n", most }' "$1"
}

# peers: the other daemons, each at an address of its own, which know one version
peers() {
    local n
    for n in $(seq 2 "$count"); do
        polarstack-daemon --runtime-dir "$work/n$n" --node-name "node-$n" --listen "tcp://127.0.1.$n:8901" \
            --listen-role operator "${options[@]}" 2>>"$work/daemon.log" &
        children+=($!)
        last=$!
    done
    for n in $(seq 2 "$count"); do
        need "a daemon does not start" wait_for 30 answers "$work/n$n"
        apply-versions "ipc://$work/n$n/daemon.sock" v1 "engineImage=$image" >/dev/null
        pod "daemon-$n" "node-$n" "127.0.1.$n" Running
    done
}

start_runtime
import_images "$runtime" "$image"
need "the image is not there" wait_for 10 cri_has "$runtime" "$image"
start_cluster "${options[@]}"
kubectl -n kube-system delete configmap -l configtype=minor_version_info >/dev/null
kubectl create -f - >/dev/null <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: v1, namespace: kube-system, labels: {configtype: minor_version_info, dbClusterMode: WriteReadMore}}
data: {name: v1, engineImage: "$image"}
END
start_bridge
need "the bridge's own node is not checked" wait_for 30 own_is_there
need "no check of one node" ask $((5 * rounds)) "$work/one"
need "one node is missing" all_rows 1 1 "$work/one"
one_ms=$(median "$work/one")
need "no check of one node back to back" ask $((5 * rounds)) "$work/one-hot" 0
need "one node is missing" all_rows 1 1 "$work/one-hot"

peers
sleep "$list_serves_s"
ask 1 "$work/first" # the daemons have met the bridge, and the list is fresh
bridge_ms=$(bench_cpu_ms "$bridge")
need "no check of all nodes" ask "$rounds" "$work/all"
need "nodes are missing" all_rows "$count" "$count" "$work/all"
bridge_ms=$(($(bench_cpu_ms "$bridge") - bridge_ms))
all_ms=$(median "$work/all")
need "no check of all nodes back to back" ask $((5 * rounds)) "$work/all-hot" 0
need "nodes are missing" all_rows "$count" "$count" "$work/all-hot"

kill -STOP "$last"
need "no check with one that hangs" ask 3 "$work/hung"
kill -CONT "$last"
need "others are missing" all_rows "$count" $((count - 1)) "$work/hung"
kill -9 "$last"
wait "$last" 2>/dev/null
need "no check with one that is gone" ask 3 "$work/gone"
need "others are missing" all_rows "$count" $((count - 1)) "$work/gone"

bench_report one_node "$one_ms" "ms, median"
bench_report all_nodes "$all_ms" "ms, median, $count nodes"
bench_report bridge_cpu "$(ratio "$bridge_ms" "$rounds")" "ms of CPU time a check"
bench_at_most all_of_one "$(ratio "$all_ms" "$one_ms")" "times one node's time" 20
bench_at_most all_of_one_back_to_back "$(ratio "$(median "$work/all-hot")" "$(median "$work/one-hot")")" \
    "times one node's time" 20
bench_at_most one_hangs "$(slowest "$work/hung")" "ms, slowest" 3200
bench_at_most one_is_gone "$(slowest "$work/gone")" "ms, slowest" 3200
bench_finish
