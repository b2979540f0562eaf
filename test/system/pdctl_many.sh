#!/bin/bash
# pdctl asks many daemons at once, without Kubernetes: some are dead, hung, or no daemons.
# shellcheck disable=SC2317 # functions that are called by name: wait_for, check
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

fast=(--port-listen-period 50ms --port-full-period 100ms)
start_daemon "$work/n1" --node-name node-1 --listen tcp://127.0.0.1:8901 "${fast[@]}"
start_daemon "$work/n2" --node-name node-2 --listen tcp://127.0.0.2:8901 --port-ranges 30000-30999 "${fast[@]}"
hung=$daemon
start_listener 30010
good=ipc://$work/n1/daemon.sock
urls=$good,tcp://127.0.0.2:8901
sees_listener() {
    [ "$(pdctl get ports --nodes "$urls" --range 30010 -o name 2>/dev/null | wc -l)" = 2 ]
}
check "both see the port" wait_for 10 sees_listener

run pdctl get ports --nodes "$urls" --range 30010
check_run "a table of both nodes" 0
check "with the node's name in each line" test "$out" = "\
NODE    PORT   PROTOCOLS  FAMILIES  CLASS      BINDABLE  BINDABLE-IPV4
node-1  30010  tcp        ipv4      LISTENING  no        no
node-2  30010  tcp        ipv4      LISTENING  no        no"
check "and how many answered" test "$err" = "2 of 2 nodes answered"
run pdctl get ports --nodes "$urls" --range 30010 -o wide --no-headers
check "wide" contains "$out" "node-2  30010  tcp        ipv4      LISTENING  no        no             tcp4"
run pdctl get ports --nodes "$urls" --range 30010 -o name
check "names" test "$out" = $'node-1/port/30010\nnode-2/port/30010'
check "and nothing else" test -z "$err"
run pdctl get ports --nodes "$urls" --range 30010 -o json
check "JSON" holds '[.nodes[] | .node, .answer.ports[0].port] == ["node-1", 30010, "node-2", 30010]' "$work/out"
run pdctl get ports --nodes "$urls" --range 30010 -o yaml
check "YAML" contains "$out" "nodes:" "  - node: node-1" "answer:"

# ---- some do not answer ----

run pdctl get ports --nodes "$urls,tcp://127.0.0.3:8901" --range 30010
check_run "one that is not there is a negative answer" 1
check "the others are shown" contains "$out" "node-1  30010" "node-2  30010"
check "and what is wrong with that one" contains "$err" "pdctl: tcp://127.0.0.3:8901: UNAVAILABLE: cannot reach" \
    "2 of 3 nodes answered"
run pdctl get ports --nodes "$urls,tcp://127.0.0.3:8901" --range 30010 -o json
check "JSON has its error" holds '.nodes[2] | .node == "" and .url == "tcp://127.0.0.3:8901" and .error.code == "UNAVAILABLE"' "$work/out"

time_run pdctl get ports --nodes "$urls" --range 30010 --timeout 1s
undisturbed_ms=$took_ms
kill -STOP "$hung"
time_run pdctl get ports --nodes "$urls,tcp://127.0.0.2:8901,tcp://127.0.0.2:8901" --range 30010 --timeout 1s
kill -CONT "$hung"
check_run "one that hangs is a negative answer" 1
check "the other one is shown" contains "$out" "node-1  30010"
check "the deadline holds for all together: $took_ms ms, $undisturbed_ms undisturbed" test $((took_ms - undisturbed_ms)) -lt 1500
check "and is named" contains "$err" "tcp://127.0.0.2:8901: DEADLINE_EXCEEDED" "1 of 4 nodes answered"

start_babbler 127.0.0.4
run pdctl get ports --nodes "$good,tcp://127.0.0.4:8901" --range 30010 --timeout 2s
check_run "one that talks nonsense is a negative answer" 1
check "the other one is shown" contains "$out" "node-1  30010"
check "this one named" contains "$err" "pdctl: tcp://127.0.0.4:8901: "

run pdctl get config --nodes "$urls"
check_run "what is not known on a node is a negative answer" 1
check "and said" contains "$err" "node-1: UNKNOWN: " "0 of 2 nodes answered"

# ---- wrong command lines ----

run pdctl get ports --nodes http://x
check_run "a url that is none" 2
check "is named" contains "$err" "--nodes: url 'http://x' begins with neither"
run pdctl get ports --nodes "$good" --all-nodes
check_run "--nodes and --all-nodes" 2
check "exclude each other" contains "$err" "--url, --nodes and --all-nodes exclude each other"
run pdctl get ports --nodes "$good" --url "$good"
check_run "--nodes and --url" 2
run pdctl --runtime-dir "$work/n1" get ports --all-nodes
check_run "--all-nodes needs a bridge" 3
check "and says so" contains "$err" "there is no polarstack-bridge there"
run pdctl --runtime-dir "$work/n1" get nodes
check_run "get nodes as well" 3
finish
