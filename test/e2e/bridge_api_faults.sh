#!/bin/bash
# The bridge when the API server or the way to it fails: killed, paused, cut off, silent,
# forgetful, or busy with another writer. It always comes back to the truth, the
# configuration stays in force, and it never asks in a loop.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=polarstack-bridge
nic() {
    kubectl -n kube-system patch configmap ccm-config --type merge -p "{\"data\": {\"NET_CARD_NAME\": \"$1\"}}" >/dev/null
}
nic_is() {
    [ "$(config .clientNic)" = "$1" ]
}
ranges_are_kept() {
    [ "$(config '[.portRanges[] | "\(.first)-\(.last)"] | join(",")')" = 5400-5800,15400-15800,16000-16400,30000-39999 ]
}

# all_is_right PORT...: these ports are published and no others, and the two sides agree
all_is_right() {
    [ "$(ports_map '.data | keys | join(",")')" = "$(echo "$@" | tr ' ' ,)" ] && in_sync && config_is_fresh
}

start_cluster
start_proxy
write_kubeconfig "$work/bridge.kubeconfig" "$work/token" "$proxy_url"
start_listener 30010
start_bridge --kube-timeout 2s --stale-after 3s
check "it works" wait_for 20 all_is_right 30010

# Beside all that follows: a bookmark comes within a minute, and then a silent watch counts as dead. It
# only watches: two that write for the same node would answer each other.
mkdir "$work/impatient"
polarstack-bridge --runtime-dir "$work/impatient" --node-name node-1 --kubeconfig "$kube/admin.kubeconfig" \
    --watch-silence 2s --mirror off 2>"$work/impatient.log" &
impatient=$!
children+=("$impatient")
impatient_since=$SECONDS

# ---- killed ----

kube_kill
stop_listener "$listener"
start_listener 30012
stop_listener "$listener"
start_listener 30011
check "the daemon serves without the API server" wait_for 10 daemon_sees 30011
check "its configuration becomes stale" wait_for 60 config_is STALE
check "and stays in force" ranges_are_kept
check "it says why" contains "$(config '.provenance[] | select(.field == "port_ranges") | .staleReason')" "$proxy_url"
run pdctl --runtime-dir "$dir" diff
check "diff says what is wrong" contains "$out$err" FAILED "cannot reach the API server $proxy_url"
kube_start
check "ports that came, went, or both are made right" wait_for 60 all_is_right 30011

# ---- paused ----

mark=$(log_mark)
kube_pause
stop_listener "$listener"
start_listener 30010 30013
check "a request that is not answered ends" wait_for 20 log_since "$mark" "did not answer in time"
check "the connection is given up" wait_for 20 log_since "$mark" "connection to the API server given up"
check "the daemon serves" wait_for 10 daemon_sees 30013
check "the configuration becomes stale" wait_for 60 config_is STALE
check "and is kept" ranges_are_kept
kube_continue
check "when it goes on, all is made right" wait_for 60 all_is_right 30010 30013

# ---- cut in the middle of an event ----

kubectl -n kube-system annotate configmap ccm-config "padding=$(printf '%08000d' 0)" >/dev/null
wanted=(30010 30013)
for bytes in 1 100 600 1500 4000 7000; do
    before=$(proxy_stat accepted)
    proxy_do "cut-after $bytes"
    nic "bond$bytes"
    was_cut() {
        [ "$(proxy_stat accepted)" -gt "$before" ]
    }
    check "cut after $bytes bytes: it connects anew" wait_for 60 was_cut
    check "cut after $bytes bytes: the event arrives" wait_for 60 nic_is "bond$bytes"
    stop_listener "$listener"
    if [ ${#wanted[@]} = 2 ]; then wanted=(30014); else wanted=(30010 30013); fi
    start_listener "${wanted[@]}"
    check "cut after $bytes bytes: the ports are right" wait_for 60 all_is_right "${wanted[@]}"
done

# ---- a connection that nothing comes through ----

mark=$(log_mark)
before=$(proxy_stat accepted)
proxy_do blackhole
nic lost0
stop_listener "$listener"
start_listener 30015
check "a silent connection is given up" wait_for 30 log_since "$mark" "connection to the API server given up"
check "for a new one" wait_for 60 was_cut
check "the configuration becomes stale" wait_for 60 config_is STALE
proxy_do pass
check "it is replaced, and the ports are right" wait_for 60 all_is_right 30015
check "what came meanwhile arrives" wait_for 60 nic_is lost0

# ---- the server has forgotten what the watches go on from ----

kube_restart -- --watch-cache=false
check "it follows the server that was started anew" wait_for 60 all_is_right 30015
proxy_do refuse
proxy_do cut
nic forgotten
kubectl -n kube-system delete configmap "$ports_map" >/dev/null
for i in 1 2 3; do
    kubectl -n kube-system annotate --overwrite configmap controller-config "times=$i" >/dev/null
done
check "the server forgets" kube_compact
mark=$(audit_mark)
proxy_do pass
check "what was deleted is made again" wait_for 60 all_is_right 30015
check "what was missed arrives" wait_for 60 nic_is forgotten
lists() {
    [ "$(audit_count "$mark" "$agent" list configmaps)" -ge 1 ]
}
check "it has listed anew" wait_for 60 lists
check "not again and again" within 1 "$(audit_count "$mark" "$agent" list configmaps)" 20

# ---- another writer of the same object ----

# Each answer is late: the other writer is faster nearly always.
proxy_do delay 150
mark=$(audit_mark)
begin=$SECONDS
(
    for i in {1..40}; do
        kubectl -n kube-system patch configmap "$ports_map" --type merge \
            -p "{\"metadata\": {\"annotations\": {\"theirs-$((i % 3))\": \"$i\"}}, \"data\": {\"$((31000 + i))\": \"x\"}}"
    done
) >/dev/null &
writer=$!
children+=("$writer")
for port in 30016 30017 30018 30019; do
    stop_listener "$listener"
    start_listener "$port"
    wait_for 10 daemon_sees "$port"
done
wait "$writer"
proxy_do delay 0
check "against another writer it wins in the end" wait_for 60 all_is_right 30019
check "what the other one noted stays" test \
    "$(ports_map '[.metadata.annotations | to_entries[] | select(.key | startswith("theirs-")) | .value] | join(" ")')" = "39 40 38"
check "conflicts are counted" within 1 "$(mirror '.conflicts | tonumber')" 1000
took=$((SECONDS - begin + 1))
# A write each 250 ms, and a look after each conflict.
check "it does not storm: $took s" within 1 "$(audit_count "$mark" "$agent" '' configmaps)" $((took * 10))
check "nor write more often than it means to" within 1 "$(audit_count "$mark" "$agent" patch configmaps)" $((took * 4))

# ---- a watch that is silent for too long ----

is_silent() {
    grep -q "the watch was silent for too long" "$work/impatient.log"
}
goes_on() {
    sed -n '/silent for too long/,$p' "$work/impatient.log" | grep -q "watching again"
}
check "a silent watch is given up" wait_for $((100 - SECONDS + impatient_since)) is_silent
check "for a new one" wait_for 60 goes_on

kill -TERM "$impatient"
check "the bridge stops well" stop_bridge
check "the daemon, too" stop_daemon "$daemon"
finish
