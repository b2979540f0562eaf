#!/bin/bash
# What newcomers get wrong: pdctl doctor finds it, says the mend, and the mend helps.
# (Rights, tokens and certificates: bridge_access_faults; clocks: bridge_clock.)
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

# Leaves $out and $status.
doctor() {
    run pdctl --runtime-dir "$dir" doctor
}

# finding SERVER CHECK: what doctor -o json says of it, a line each: level, message, mend
finding() {
    pdctl --runtime-dir "$dir" doctor -o json "${@:3}" |
        jq -r --arg server "$1" --arg check "$2" \
            '.findings[] | select(.server == $server and .check == $check) | "\(.level) \(.message) -> \(.mend)"'
}

finds() {
    contains "$(finding "$1" "$2")" "${@:3}"
}

dir=$work/run
doctor
check_run "without a daemon" 1
check "it says so, and what to do" contains "$out" "FAULT   daemon socket: there is no socket '$dir/daemon.sock'" \
    "start polarstack-daemon"

start_runtime
start_cluster
start_bridge
check "it works" wait_for 20 config_is_fresh
doctor
check_run "nothing is wrong" 0
check "no fault" lacks "$out" FAULT

# ---- a socket that this user may not use ----

as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
chmod 711 "$work"
run as_nobody "$(command -v pdctl)" --runtime-dir "$dir" doctor
check "a user without the right is told" contains "$out" "this user may not use the socket '$dir/daemon.sock'" "as root"

# ---- ports that the kernel hands out itself ----

sysctl -qw net.ipv4.ip_local_port_range="32768 60999"
check "exposed ports are found" finds daemon port-ranges WARNING 32768-39999
mend=$(finding daemon port-ranges | sed -n 's/.*-> \(sysctl -w [^,]*\),.*/\1/p')
check "the mend is a command" test -n "$mend"
eval "$mend" >/dev/null
check "which helps" finds daemon port-ranges GOOD
doctor
check_run "that is no fault, before or after" 0

# ---- inputs that are not there ----

kubectl -n kube-system delete configmap polardb4mpd-controller controller-config >/dev/null
no_ranges() {
    finds bridge inputs "FAULT ConfigMap kube-system/polardb4mpd-controller: there is none" "--mpd-controller-cm-name"
}
check "missing port ranges are a fault" wait_for 10 no_ranges
check "a missing further ConfigMap is none" finds bridge inputs "WARNING ConfigMap kube-system/controller-config" \
    "defaults are in force"
check "the last good value is told" finds bridge config "WARNING port_ranges" "does not exist any more"
inputs | kubectl apply -f - >/dev/null 2>&1
check "they come back" wait_for 10 config_is_fresh

# ---- a node that nobody knows ----

polarstack-bridge --runtime-dir "$work/other" --daemon-url "ipc://$dir/daemon.sock" --node-name nodd-1 \
    --kubeconfig "$work/bridge.kubeconfig" 2>"$work/other.log" &
children+=($!)
unknown_node() {
    local found
    found=$(finding bridge node-name --bridge-url "ipc://$work/other/bridge.sock")
    contains "$found" "FAULT the cluster has no Node 'nodd-1'" "did you mean 'node-1'?" \
        "FAULT the daemon calls this node 'node-1', the bridge 'nodd-1'"
}
check "a wrong node name is found, and the right one" wait_for 20 unknown_node
check "diff says what it waits for" contains \
    "$(pdctl --runtime-dir "$dir" diff --bridge-url "ipc://$work/other/bridge.sock")" WAITING "the Node 'nodd-1'"
check "nothing is published for it" test -z \
    "$(kubectl -n kube-system get configmap cloud-provider-port-usage-nodd-1 --ignore-not-found -o name 2>/dev/null)"

# ---- the other side is away ----

check "the daemon stops" stop_daemon "$daemon"
no_daemon() {
    finds bridge daemon "FAULT the bridge does not reach the daemon" "start polarstack-daemon"
}
check "the bridge misses the daemon" wait_for 10 no_daemon
kube_stop
no_server() {
    finds bridge api-server "FAULT cannot reach the API server $kube_url" "check the address"
}
check "and the API server" wait_for 20 no_server
check "the bridge stops" stop_bridge
finish
