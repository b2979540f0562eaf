#!/bin/bash
# The BMC in Kubernetes: a simulated one is asked by the real ipmitool.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

# oob_ip STATUS REASON MESSAGE; the reason is a pattern
oob_ip() {
    condition NodeOobIP | jq -e --arg status "$1" --arg reason "$2" --arg message "$3" \
        '.status == $status and (.reason | test("^" + $reason + "$")) and .message == $message'
}

simulator_answered() {
    grep -qx "ok $1" "$work/simulator.out"
}

simulator_do() {
    echo "$*" >&"$simulator_input"
    wait_for 30 simulator_answered "$*"
}

mkfifo "$work/simulator.commands"
bmc-simulator <"$work/simulator.commands" >"$work/simulator.out" &
children+=($!)
exec {simulator_input}>"$work/simulator.commands"
check "the simulated BMC answers" wait_for 30 grep -q '^arguments ' "$work/simulator.out"
arguments=$(sed -n 's/^arguments //p' "$work/simulator.out")

start_cluster
stop_daemon "$daemon"
ip link add bond0 type veth peer name peer0 && ip link set peer0 up && ip link set bond0 up
start_daemon "$dir" --node-name node-1 --ipmitool-arguments "$arguments" --bmc-period 1s --bmc-timeout 2s
start_bridge
link_is_there() {
    condition NodeClientNetworkUnavailable
}
check "the network's condition comes" wait_for 20 link_is_there
check "nobody wants the BMC: nothing is said of it" test -z "$(condition NodeOobIP)"

kubectl -n kube-system patch configmap controller-config --type merge -p '{"data": {"isCheckOObIP": "true"}}' >/dev/null
check "wanted: its address" wait_for 20 oob_ip True PowerOn 10.20.30.40
run pdctl --runtime-dir "$dir" get net
check "pdctl shows it" contains "$out" 10.20.30.40
simulator_do set 10.20.30.41
check "another address" wait_for 20 oob_ip True PowerOn 10.20.30.41
since=$(condition NodeOobIP | jq -r .lastTransitionTime)
simulator_do set 0.0.0.0
check "none is set: the last one stays, not True" wait_for 20 oob_ip False 'error: .*' 10.20.30.41
simulator_do kill
simulator_do set 10.20.30.42
check "it does not answer: the last one stays" wait_for 20 oob_ip False 'error: .*' 10.20.30.41
check "the network does not care" test "$(condition NodeClientNetworkUnavailable | jq -r .status)" = False
simulator_do restart
check "it answers again" wait_for 60 oob_ip True PowerOn 10.20.30.42
check "a transition" test "$(condition NodeOobIP | jq -r .lastTransitionTime)" '>' "$since"
kubectl -n kube-system patch configmap controller-config --type merge -p '{"data": {"isCheckOObIP": "false"}}' >/dev/null
is_not_asked() {
    pdctl --runtime-dir "$dir" get net -o json | jq -e '.bmc.state == "BMC_NOT_ASKED"'
}
check "not wanted any more" wait_for 20 is_not_asked
check "what stands there stays" oob_ip True PowerOn 10.20.30.42
check "no password in the log" lacks "$(cat "$work/daemon.log" "$work/bridge.log")" "secret"
exec {simulator_input}>&-
finish
