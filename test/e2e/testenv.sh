#!/bin/bash
# The environment of the end-to-end tests itself: does it do, and fail, as they need it?
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

agent=kubectl

refused_as() {
    [ "$status" != 0 ] && contains "$err" "$1"
}

# Or waits only for its parent to look.
gone() {
    grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

answers_through() {
    kubectl_with "$1" get --raw /readyz --request-timeout=5s
}

server_pid() {
    cut -d' ' -f1 "$kube/apiserver.pid"
}

is_stopped() {
    grep -q '^State:.T' "/proc/$(server_pid)/status"
}

# ---- up ----

start_kube --node node-1 --node-ip 192.0.2.7
run kube_testenv status --dir "$kube"
check_run "it is up" 0
run kube_testenv up --dir "$kube"
check_run "a second up is harmless" 0
check "and says so" contains "$out" "runs already at $kube_url"
check "the node is there, with its address" test \
    "$(kubectl get node node-1 -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')" = 192.0.2.7
run kube_testenv kubeconfig --dir "$kube" --user nobody
check_run "a user that is not there" 2
run kube_testenv server start --dir "$kube"
check "a server that runs is not started again" refused_as "runs already"

# ---- users ----

create_inputs
check "the inputs" test "$(kubectl -n kube-system get configmaps -l configtype=minor_version_info -o name | wc -l)" = 3
run kubectl_with "$kube/bridge.kubeconfig" -n kube-system get configmap ccm-config
check "the user bridge may nothing" refused_as Forbidden
kubectl config view --raw -o json >"$work/config.json"
jq --arg crt "$kube/pki/client.crt" --arg key "$kube/pki/client.key" \
    '.users[0].user = {"client-certificate": $crt, "client-key": $key}' "$work/config.json" >"$work/certificate.kubeconfig"
run kubectl_with "$work/certificate.kubeconfig" -n kube-system get configmap ccm-config
check "with its certificate it is the same user" refused_as 'User "bridge" cannot get'

create_account
account_token polarstack-bridge 600 >"$work/token"
write_kubeconfig "$work/account.kubeconfig" "$work/token"
run kubectl_with "$work/account.kubeconfig" -n kube-system get configmap ccm-config
check "the service account is known, and may nothing" \
    refused_as 'User "system:serviceaccount:kube-system:polarstack-bridge" cannot get'
kubectl -n kube-system create role reader --verb=get,list,watch --resource=configmaps >/dev/null
kubectl -n kube-system create rolebinding reader --role=reader --serviceaccount=kube-system:polarstack-bridge >/dev/null
check "with a role it may" wait_for 10 kubectl_with "$work/account.kubeconfig" -n kube-system get configmap ccm-config
create_account
loses_access() {
    run kubectl_with "$work/account.kubeconfig" -n kube-system get configmap ccm-config
    refused_as Unauthorized
}
check "a token ends with its account" wait_for 30 loses_access
account_token >"$work/token"
run kubectl_with "$work/account.kubeconfig" -n kube-system get configmap ccm-config
check_run "a new token serves" 0

# ---- certificates ----

write_kubeconfig "$work/other.kubeconfig" "$work/token" "$kube_url" "$kube/pki/other-ca.crt"
run answers_through "$work/other.kubeconfig"
check "another authority's certificate is refused" refused_as "certificate signed by unknown authority"
kube_restart --cert expired
run answers_through "$work/account.kubeconfig"
check "an expired certificate is refused" refused_as "certificate has expired"

# ---- stop, kill, pause ----

kube_restart
check "killed and started again, it has the same data" test \
    "$(kubectl -n kube-system get configmap ccm-config -o jsonpath='{.data.NET_CARD_NAME}')" = bond0
kube_stop
run kubectl get --raw /readyz
check "a stopped server does not listen" refused_as refused
kube_start
kube_pause
check "paused" wait_for 5 is_stopped
run kubectl get --raw /readyz --request-timeout=1s
check "a paused server does not answer" test "$status" != 0
kube_continue
check "and then goes on" wait_for 10 kubectl get --raw /readyz

# ---- compaction ----

revision=$(kube_etcdctl get / -w json | jq .header.revision)
kubectl -n kube-system annotate configmap ccm-config touched=yes >/dev/null
run kube_etcdctl get / --rev "$revision"
check_run "the revision before is there" 0
check "compact" kube_compact
run kube_etcdctl get / --rev "$revision"
check "and is gone after compaction" refused_as compacted

# ---- audit ----

mark=$(audit_mark)
for _ in 1 2 3; do
    kubectl get node node-1 -o name >/dev/null
done
kubectl -n kube-system get configmaps -o name >/dev/null
kubectl -n kube-system get configmaps --watch --request-timeout=1s >"$work/log" 2>&1
check "requests are counted by verb and resource" wait_for 10 audit_is 3 "$mark" "$agent" get nodes
check "lists, without those of a watch" wait_for 10 audit_is 2 "$mark" "$agent" list configmaps
check "watches" wait_for 10 audit_is 1 "$mark" "$agent" watch configmaps
check "other agents are not counted" audit_is 0 "$mark" nobody
check "nor is what came before" audit_is 0 "$(audit_mark)" "$agent" get nodes
check "they are shown" contains "$(audit_show "$mark" "$agent")" "get	nodes	node-1	200	admin"

# ---- proxy ----

start_proxy
write_kubeconfig "$work/proxied.kubeconfig" "$work/token" "$proxy_url"
run answers_through "$work/proxied.kubeconfig"
check_run "through the proxy" 0
proxy_do refuse
run kubectl_with "$work/proxied.kubeconfig" get --raw /readyz --request-timeout=1s
check "refuse" test "$status" != 0
proxy_do blackhole
run kubectl_with "$work/proxied.kubeconfig" get --raw /readyz --request-timeout=1s
check "blackhole" test "$status" != 0
proxy_do pass
run answers_through "$work/proxied.kubeconfig"
check_run "pass" 0
kubectl_with "$work/proxied.kubeconfig" -n kube-system get configmaps --watch-only -o name >"$work/watch.out" 2>"$work/watch.err" &
watch=$!
children+=("$watch")
watched() {
    kubectl -n kube-system annotate --overwrite configmap ccm-config at="$EPOCHREALTIME" &&
        grep -qx configmap/ccm-config "$work/watch.out"
}
check "a watch goes through it" wait_for 30 watched
proxy_do cut
check "a cut ends the watch" wait_for 30 gone "$watch"
proxy_do cut-after 60000
run kubectl_with "$work/proxied.kubeconfig" get --raw /openapi/v2
check "cut-after ends a long answer" test "$status" != 0
run answers_through "$work/proxied.kubeconfig"
check_run "afterwards it passes" 0

# ---- down ----

server=$(server_pid)
etcd=$(cut -d' ' -f1 "$kube/etcd.pid")
stop_kube
check "no API server is left" gone "$server"
check "no etcd is left" gone "$etcd"
check "no file is left" test ! -e "$kube"
run kube_testenv down --dir "$kube"
check_run "a second down is harmless" 0
run kube_testenv kubeconfig --dir "$kube"
check "there is no kubeconfig then" refused_as "run scripts/kube-testenv up"
mkdir "$work/foreign" && touch "$work/foreign/file"
run kube_testenv down --dir "$work/foreign"
check "another folder is not removed" test -e "$work/foreign/file"

sleep 600 &
owner=$!
start_kube --owner "$owner"
server=$(server_pid)
kill "$owner"
check "it goes with its owner" wait_for 30 test ! -e "$kube"
check "with all that runs" gone "$server"

finish
