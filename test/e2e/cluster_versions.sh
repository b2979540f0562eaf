#!/bin/bash
# A check of all nodes at once: some are down, hung, no daemons, others than they should be,
# or do not let the bridge ask.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

image=registry.example/engine:1
options=(--version-period 1h)

# peer N [OPTION...]: the daemon of node-N at 127.0.0.N, which knows the versions; leaves $daemon
peer() {
    local n=$1
    shift
    start_daemon "$work/n$n" --node-name "node-$n" --listen "tcp://127.0.0.$n:8901" "${options[@]}" "$@"
    apply-versions "ipc://$work/n$n/daemon.sock" missing engineImage=not-here only-here "engineImage=$image" \
        "shared-$((n % 2))" "engineImage=$image" >/dev/null
}

# check_all: all nodes, within three seconds
check_all() {
    run pdctl --runtime-dir "$dir" --timeout 3s check versions --all-nodes -o json
}

# rows: a line for each node
rows() {
    jq -r '.nodes[] | [.node, if .checked then "checked +" + ((.present // []) | join("+")) + " -" + ((.absent // []) | join("-"))
        else .error.code + " " + .error.message end] | join(" ")' <<<"${1-$out}"
}

row() {
    rows | grep "^$1 "
}

start_runtime
import_images "$runtime" "$image"
wait_for 10 cri_has "$runtime" "$image"
start_cluster "${options[@]}"
kubectl -n kube-system delete configmap -l configtype=minor_version_info >/dev/null
sed "s|image|engine|; s|polardb/polardb_pg_engine_release:.*|$image|; /Manager\|pfsd/d" <(minor_version own) | kubectl create -f - >/dev/null
start_bridge
own_is_there() {
    pdctl --runtime-dir "$dir" get versions -o json 2>/dev/null | jq -e '[.versions[].presence] == ["PRESENT"]'
}
check "the bridge's own node" wait_for 30 own_is_there
check_all
check_run "a cluster of one node" 0
check "has one row" test "$(rows)" = "node-1 checked +own -"

# ---- all is well ----

peer 2 --listen-role operator
second=$daemon
peer 3 --listen-role operator
third=$daemon
pod daemon-2 node-2 127.0.0.2 Running
pod daemon-3 node-3 127.0.0.3 Running
three_rows() {
    check_all
    [ "$(rows | wc -l)" = 3 ]
}
check "nodes come by their pods" wait_for 20 three_rows
check_run "all of them were checked" 0
check "each with its own versions" test "$(rows)" = "\
node-1 checked +own -
node-2 checked +only-here+shared-0 -missing
node-3 checked +only-here+shared-1 -missing"
run pdctl --runtime-dir "$dir" check versions --all-nodes
check "the table" contains "$out" "node-1" "node-2" "node-3"
remove_images "$runtime" "$image"
check_all
check "each daemon has asked its runtime" test "$(rows)" = "\
node-1 checked + -own
node-2 checked + -missing-only-here-shared-0
node-3 checked + -missing-only-here-shared-1"
import_images "$runtime" "$image"
wait_for 10 cri_has "$runtime" "$image"

# ---- checks side by side ----

for i in 1 2 3 4; do
    pdctl --runtime-dir "$dir" --timeout 10s check versions --all-nodes -o json >"$work/side.$i" 2>&1 &
    sides[i]=$!
done
good=0
for i in 1 2 3 4; do
    wait "${sides[i]}" && [ "$(rows "$(grep -v '^[a-zA-Z0-9]' "$work/side.$i")" | grep -c ' checked +only-here')" = 2 ] && good=$((good + 1))
done
check "four at once: each has the whole answer" test "$good" = 4

# ---- and much is not ----

peer 4 # whoever comes over the network is a reader
peer 6 --listen-role operator
hung=$daemon
peer 10 --listen-role operator --runtime-endpoint "unix://$work/none.sock"
perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.7", LocalPort => 8901, Listen => 9, ReuseAddr => 1) or die;
    open(my $ready, ">", shift) or die $!;
    while (my $client = $server->accept) {
        $client->print("\0SP\0\0\x31\0\0", "\0\0\0\0\0\0\0\x20", "\xff" x 32);
        push @kept, $client;
    }' "$work/garbage" &
children+=($!)
wait_for 10 test -e "$work/garbage"
pod daemon-4 node-4 127.0.0.4 Running
pod daemon-5 node-5 127.0.0.5 Running # nobody listens
pod daemon-6 node-6 127.0.0.6 Running
pod daemon-7 node-7 127.0.0.7 Running
pod daemon-8 node-8 127.0.0.2 Running # an address of another node
pod daemon-9 node-9 "" Pending
pod daemon-10 node-10 127.0.0.10 Running
ten_rows() {
    check_all
    [ "$(rows | wc -l)" = 10 ]
}
check "ten nodes" wait_for 20 ten_rows
kill -STOP "$hung"
begin=$(date +%s%N)
check_all
took_ms=$((($(date +%s%N) - begin) / 1000000))
kill -CONT "$hung"
check_run "some failed" 1
check "within the deadline, or hardly later" within 2500 "$took_ms" 5000
check "the good ones answer" test "$(rows | grep ' checked ')" = "\
node-1 checked +own -
node-2 checked +only-here+shared-0 -missing
node-3 checked +only-here+shared-1 -missing"
check "denied: with the mend" contains "$(row node-4)" "PERMISSION_DENIED" "needs the role OPERATOR, the caller has READER" \
    "start this daemon with --listen-role operator"
check "down" contains "$(row node-5)" "UNAVAILABLE cannot reach tcp://127.0.0.5:8901"
check "hung" contains "$(row node-6)" "DEADLINE_EXCEEDED"
check "garbage" lacks "$(row node-7)" checked
check "garbage is an error" test -n "$(row node-7)"
check "another node's daemon" contains "$(row node-8)" \
    "FAILED_PRECONDITION tcp://127.0.0.2:8901 answers as node 'node-2'"
check "no address yet" contains "$(row node-9)" "UNAVAILABLE the pod kube-system/daemon-9 has no address yet"
check "no runtime" contains "$(row node-10)" "UNAVAILABLE" "$work/none.sock"

# ---- without waiting ----

kill -STOP "$hung"
run pdctl --runtime-dir "$dir" --timeout 8s check versions --all-nodes --no-wait
check_run "a check is started" 0
id=$(head -n 1 <<<"$out")
check "with an id" test -n "$(grep -xE '[0-9a-f]{16}' <<<"$id")"
show() {
    run pdctl --runtime-dir "$dir" check versions --all-nodes --operation "$id" -o json
}
partial() {
    show
    [ "$(rows | grep -c ' checked ')" = 3 ]
}
check "what has answered shows while it runs" wait_for 5 partial
check_run "it is not over" 1
kill -CONT "$hung"
all_done() {
    show
    [ "$(rows | grep -c ' checked ')" = 4 ]
}
check "the last one comes" wait_for 20 all_done
run pdctl --runtime-dir "$dir" check versions --all-nodes --operation 0123456789abcdef
check "an id that never was" contains "$err" "no operation '0123456789abcdef' is remembered"

# ---- stopping amid a check ----

kill -STOP "$hung"
run pdctl --runtime-dir "$dir" --timeout 30s check versions --all-nodes --no-wait
check_run "a check that takes half a minute" 0
begin=$SECONDS
check "the bridge stops well amid it" stop_bridge
check "it does not wait for the check" within 0 $((SECONDS - begin)) 15
check "and says so" grep -q "stopped amid a check" "$work/bridge.log"
kill -CONT "$hung"
start_bridge
check "a new one asks them all" wait_for 20 ten_rows

# ---- a daemon that comes back ----

kill -9 "$second"
wait "$second" 2>/dev/null
check_all
check "killed: unreachable" contains "$(row node-2)" UNAVAILABLE
peer 2 --listen-role operator
check_all
check "back: checked" contains "$(row node-2)" "checked +only-here+shared-0"
stop_daemon "$third"

# ---- no list of nodes ----

kubectl -n kube-system get role polarstack-bridge -o json | jq '.rules |= map(select(.resources != ["pods"]))' |
    kubectl replace -f - >/dev/null
is_forbidden() {
    check_all
    contains "$err" "cannot list the agents' pods" PERMISSION_DENIED
}
check "without the right to list pods" wait_for 20 is_forbidden
kubectl apply -f "$SOURCE_DIR/deploy/bridge-rbac.yaml" >/dev/null 2>&1
check "with it again" wait_for 20 ten_rows
check "the bridge stops" stop_bridge
finish
