#!/bin/bash
# The client network in Kubernetes: conditions and Events follow a real interface, beside
# another writer on the same Node.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

# says TYPE STATUS REASON MESSAGE
says() {
    [ "$(condition "$1" | jq -r '[.status, .reason, .message] | join("|")')" = "$2|$3|$4" ]
}

is_up() { says NodeClientNetworkUnavailable False StateUP "bond0 StateUP"; }
is_down() { says NodeClientNetworkUnavailable True StateDown "bond0 StateDown"; }
is_unknown() { says NodeClientNetworkUnavailable Unknown StateUnKnown "bond0 StateUnKnown"; }
client_ip() { says NodeClientIP "$1" "${3:-bond0}" "$2"; }

# events REASON: how often it happened, as Kubernetes counts
events() {
    kubectl get events -o json | jq --arg reason "$1" '[.items[] | select(.reason == $reason) | .count] | add // 0'
}

events_are() {
    [ "$(events "$1")" = "$2" ]
}

since() {
    condition "$1" | jq -r .lastTransitionTime
}

# The conditions of another writer, as it left them.
others() {
    kubectl get node node-1 -o json | jq -cS '[.status.conditions[] | select(.type | IN("NodeMaintainMode", "NodeClientIPUnavailable"))]'
}

make_nic() {
    ip link add bond0 type veth peer name peer0 && ip link set peer0 up && ip link set bond0 up &&
        ip address add "${1:-172.19.64.2/20}" dev bond0
}

start_cluster
make_nic
kubectl get node node-1 -o json | jq '.status.conditions += [
    {type: "NodeMaintainMode", status: "False", reason: "x", message: "y",
        lastTransitionTime: "2020-01-01T00:00:00Z", lastHeartbeatTime: "2020-01-01T00:00:00Z"},
    {type: "NodeClientIPUnavailable", status: "False", reason: "x", message: "y",
        lastTransitionTime: "2020-01-01T00:00:00Z", lastHeartbeatTime: "2020-01-01T00:00:00Z"}]' >"$work/node.json"
kubectl replace --raw /api/v1/nodes/node-1/status -f "$work/node.json" >/dev/null
theirs=$(others)
stop_daemon "$daemon"
start_daemon "$dir" --node-name node-1 --net-up-delay 500ms
start_bridge --stale-after 3s

# ---- up, with an address ----

check "the network is up" wait_for 20 is_up
check "the address is there" wait_for 10 client_ip True 172.19.64.2
check "with the sign of life" says NodeRefreshFlag True Refresh Refresh
check "the BMC is not to be asked: nothing is said of it" test -z "$(condition NodeOobIP)"
first_seen=$(since NodeClientIP)
check "diff agrees" wait_for 10 in_sync

# ---- down and up ----

sleep 1.1 # times of Kubernetes are whole seconds
ip link set bond0 down
check "down" wait_for 10 is_down
check "is told by an Event" wait_for 10 events_are ClientNetworkDown 1
check "on the Node" contains "$(kubectl describe node node-1)" "ClientNetworkDown" "client network interface bond0 is down"
check "an address without a link stays" client_ip True 172.19.64.2
down_since=$(since NodeClientNetworkUnavailable)
sleep 1.1
ip link set bond0 up
check "up again" wait_for 10 is_up
check "by an Event" wait_for 15 events_are ClientNetworkUp 1
check "a transition has its time" test "$(since NodeClientNetworkUnavailable)" '>' "$down_since"
ip link set peer0 down
check "without carrier: down" wait_for 10 is_down
check "the same Event counts on" wait_for 15 events_are ClientNetworkDown 2
check "as one object" test "$(kubectl get events -o json | jq '[.items[] | select(.reason == "ClientNetworkDown")] | length')" = 1
ip link set peer0 up
check "and up" wait_for 10 is_up

# ---- addresses ----

ip address add 172.19.64.200/32 dev bond0
ip address add 172.19.64.3/20 dev bond0
ip address add fd00::2/64 dev bond0
sleep 1.5
check "virtual, secondary and IPv6 addresses change nothing" client_ip True 172.19.64.2
ip address flush dev bond0
check "no address: the last one stays, not True" wait_for 10 client_ip False 172.19.64.2
ip address add 172.19.64.7/20 dev bond0
check "another address" wait_for 10 client_ip True 172.19.64.7
ip address flush dev bond0
ip address add 172.19.64.8/20 dev bond0
check "and another one at once" wait_for 10 client_ip True 172.19.64.8
check "is an Event" wait_for 15 events_are ClientAddressChanged 2

# ---- the interface goes, and another one comes ----

ip link del bond0
check "an absent interface is not down: it is not known" wait_for 10 is_unknown
check "its address was seen last" wait_for 10 client_ip False 172.19.64.8
check "which is no Event of a link" events_are ClientNetworkDown 2
make_nic 172.19.64.2/20
check "it comes back" wait_for 10 is_up
check "with its address" wait_for 10 client_ip True 172.19.64.2
ip link add bond9 type veth peer name peer9
ip link set peer9 up && ip link set bond9 up && ip address add 10.9.9.9/24 dev bond9
kubectl -n kube-system patch configmap ccm-config --type merge -p '{"data": {"NET_CARD_NAME": "bond9"}}' >/dev/null
other_nic() {
    says NodeClientNetworkUnavailable False StateUP "bond9 StateUP"
}
check "another interface is named" wait_for 10 other_nic
check "and its address" wait_for 10 client_ip True 10.9.9.9 bond9
for bad in '' a/b 'a b' "\$(reboot)" aaaaaaaaaaaaaaaaaaaa; do
    kubectl -n kube-system patch configmap ccm-config --type merge -p "{\"data\": {\"NET_CARD_NAME\": \"$bad\"}}" >/dev/null
done
config_names_field() {
    config '.provenance[] | select(.field == "client_nic") | .staleReason' | grep -q NET_CARD_NAME
}
check "a name that is none is refused, and named" wait_for 10 config_names_field
check "the old one stays" client_ip True 10.9.9.9 bond9
kubectl -n kube-system patch configmap ccm-config --type merge -p '{"data": {"NET_CARD_NAME": "bond0"}}' >/dev/null
check "and back" wait_for 10 is_up
check "with its address" wait_for 10 client_ip True 172.19.64.2

# ---- many flaps ----

for _ in $(seq 100); do
    ip link set bond0 down
    ip link set bond0 up
done
ip link set bond0 down
check "after a hundred flaps: down, as it is" wait_for 10 is_down
ip link set bond0 up
check "and up" wait_for 10 is_up
check "few Events" within 3 "$(events ClientNetworkDown)" 110

# ---- restarts ----

before=$(since NodeClientIP)
stop_bridge
start_bridge --stale-after 3s
check "a restart of the bridge" wait_for 20 in_sync
kill -KILL "$daemon"
check "without a daemon the network is not known" wait_for 15 is_unknown
address_has_note() {
    condition NodeClientIP | jq -e '.status == "True" and .message == "172.19.64.2"
        and (.reason | startswith("bond0, not current: the daemon cannot be reached"))'
}
check "the address stays, with a note" wait_for 10 address_has_note
start_daemon "$dir" --node-name node-1 --net-up-delay 500ms
check "it is back" wait_for 15 is_up
check "without the note" wait_for 10 client_ip True 172.19.64.2
check "the address's transition is the old one" test "$(since NodeClientIP)" = "$before"
check "which is later than the first" test "$before" '>' "$first_seen"

# ---- others on the same Node ----

check "conditions of others are as they were" test "$(others)" = "$theirs"
write_as_others() {
    local i
    for i in $(seq 60); do
        kubectl get --raw /api/v1/nodes/node-1 | jq --arg i "$i" '.status.conditions |= map(
            if .type == "NodeMaintainMode" then .message = $i else . end)' >"$work/others.json"
        kubectl replace --raw /api/v1/nodes/node-1/status -f "$work/others.json" >/dev/null 2>&1 && echo "$i" >"$work/others.last"
    done
}
write_as_others &
writer=$!
for _ in $(seq 12); do
    ip link set bond0 down
    sleep 0.3
    ip link set bond0 up
    sleep 0.6
done
wait "$writer"
check "two writers side by side: theirs is as they left it" test "$(condition NodeMaintainMode | jq -r .message)" = "$(cat "$work/others.last")"
check "and ours is right" wait_for 10 is_up
check "in sync" wait_for 10 in_sync

# ---- without the right to write Events ----

kubectl -n default delete rolebinding polarstack-bridge-events >/dev/null
sleep 6
ip link set bond0 down
check "the condition needs no Event" wait_for 10 is_down
check "the missing right is logged" wait_for 15 log_has 'event not written.*PERMISSION_DENIED'
run pdctl --runtime-dir "$dir" doctor
check "and doctor names it" contains "$out" "the bridge may not: create events"
before=$(events ClientNetworkDown)
kubectl apply -f "$SOURCE_DIR/deploy/bridge-rbac.yaml" >/dev/null 2>&1
told_after_all() {
    [ "$(events ClientNetworkDown)" -gt "$before" ]
}
check "with the right again it is told after all" wait_for 70 told_after_all
finish
