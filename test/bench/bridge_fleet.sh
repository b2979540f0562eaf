#!/bin/bash
# bridge_fleet: the bridges of 200 nodes against one API server, each with a change a minute:
# is every object right at the end, and what does it cost?
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly agent=polarstack-bridge count=200 measure_s=180 right_within_s=15

nodes() {
    seq -f %03g "$count" | sed 's/.*/{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-&"}}/'
}

daemons_pid='' daemons_input='' bridges_pid='' bridges_input=''

# start_part NAME ARGUMENT...: bridge-fleet; leaves its pid in $NAME_pid, its input in $NAME_input
start_part() {
    local name=$1 pid input
    shift
    mkfifo "$work/$name.commands"
    bridge-fleet "$name" "$@" <"$work/$name.commands" >>"$work/$name.out" 2>"$work/$name.log" &
    pid=$!
    children+=("$pid")
    exec {input}>"$work/$name.commands"
    printf -v "${name}_pid" %s "$pid"
    printf -v "${name}_input" %s "$input"
    need "the $name do not start: $(tail -n 3 "$work/$name.log")" wait_for 120 grep -qx ready "$work/$name.out"
}

says() {
    need "bridge-fleet does not say '$2'" wait_for "$3" grep -q "^$2" "$work/$1.out"
}

# A line for each object that is not as it should be, missing ones included.
wrong() {
    kubectl -n kube-system get configmaps -o json |
        jq -r '.items[] | select(.metadata.name | startswith("cloud-provider-port-usage-node-"))
            | "ports \(.metadata.name | ltrimstr("cloud-provider-port-usage-")) \(.data // {} | keys | join(","))"' |
        sort >"$work/found"
    grep '^ports ' "$work/daemons.out" | sort | comm -3 - "$work/found" | awk '{ print $2 }' | sort -u
    kubectl get nodes -o json | jq -r '.items[] | select(.metadata.name | test("^node-[0-9]{3}$"))
        | select([.status.conditions[]? | select(.type == "NodeRefreshFlag" and .status == "True")] | length == 1)
        | .metadata.name + "/NodeRefreshFlag"' | sort | comm -3 - "$work/flags"
}

none_wrong() {
    wrong >"$work/wrong" && [ ! -s "$work/wrong" ]
}

failed_requests() {
    audit_requests "$1" "$agent" '.[] | select(.verb != "watch" and (.responseStatus.code // 0) >= 400)
        | [.verb, .objectRef.resource, .objectRef.name, .responseStatus.code] | @tsv'
}

start_kube
create_inputs
create_account
kubectl apply -f "$SOURCE_DIR/deploy/bridge-rbac.yaml" >/dev/null 2>&1
account_token >"$work/token"
write_kubeconfig "$work/bridge.kubeconfig" "$work/token"
nodes | kubectl create -f - >"$work/nodes.out"
need "nodes are missing" test "$(wc -l <"$work/nodes.out")" = "$count"

seq -f node-%03g/NodeRefreshFlag "$count" >"$work/flags"
mkdir "$work/nodes"
first_mark=$(audit_mark)
start_part daemons "$work/nodes" "$count"
start_part bridges "$work/nodes" "$count" "$work/bridge.kubeconfig"
echo ports >&"$daemons_input"
says daemons end 20
need "the mirrors were not all written" wait_for 120 none_wrong

server=$(cut -d' ' -f1 "$kube/apiserver.pid")
etcd=$(cut -d' ' -f1 "$kube/etcd.pid")
mark=$(audit_mark)
begin_ms=$(bench_now_ms)
server_ms=$(bench_cpu_ms "$server")
etcd_ms=$(bench_cpu_ms "$etcd")
bridges_ms=$(bench_cpu_ms "$bridges_pid")
echo "change $measure_s" >&"$daemons_input"
says daemons changed $((measure_s + 60))
server_ms=$(($(bench_cpu_ms "$server") - server_ms))
etcd_ms=$(($(bench_cpu_ms "$etcd") - etcd_ms))
bridges_ms=$(($(bench_cpu_ms "$bridges_pid") - bridges_ms))
spent_ms=$(($(bench_now_ms) - begin_ms))

changes=$(awk '$1 == "changed" { print $2 }' "$work/daemons.out")
need "nothing was changed" test "$changes" -ge "$count"
: >"$work/daemons.out"
echo ports >&"$daemons_input"
says daemons end 20
settle_ms=$(bench_now_ms)
wait_for "$right_within_s" none_wrong
settle_ms=$(($(bench_now_ms) - settle_ms))
requests=$(audit_count "$mark" "$agent")
failed_requests "$first_mark" >"$work/failed"
bridges_mib=$(bench_memory_mib "$bridges_pid" VmRSS)
echo writes >&"$bridges_input"
says bridges writes 60
read -r _ writes _ conflicts _ failures < <(grep '^writes ' "$work/bridges.out")
exec {bridges_input}>&-
need "the bridges do not end well" wait "$bridges_pid"
exec {daemons_input}>&-
need "the daemons do not end well" wait "$daemons_pid"
head -qn 20 "$work/failed" "$work/wrong" "$work/bridges.log" >&2

bench_report changes "$changes" changes
bench_at_most failed_writes "$failures" "writes that failed, as the bridges count" 0
bench_at_most refused_requests "$(wc -l <"$work/failed")" "requests answered with 400 or more" 0
bench_at_most wrong "$(wc -l <"$work/wrong")" "objects that are not right at the end" 0
bench_report settled "$settle_ms" "ms until the last look found all right"
bench_report writes "$writes" "writes since the start"
bench_report conflicts "$conflicts" "writes of those that lost against another one"
bench_report requests "$(awk -v n="$requests" -v ms="$spent_ms" 'BEGIN { printf "%.2f\n", 1000 * n / ms }')" \
    "requests a second, without watches"
bench_report apiserver_cpu "$(bench_percent "$server_ms" "$spent_ms")" "percent of one core"
bench_report etcd_cpu "$(bench_percent "$etcd_ms" "$spent_ms")" "percent of one core"
bench_report apiserver_memory "$(bench_memory_mib "$server" VmRSS)" "MiB resident"
bench_report bridge_cpu "$(bench_percent "$bridges_ms" $((spent_ms * count)))" "percent of one core, each"
bench_report bridges_memory "$bridges_mib" "MiB resident, all in one process"
bench_finish
