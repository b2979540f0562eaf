#!/bin/bash
# The bridge without access: rights, tokens, certificates, address, kubeconfig and options
# that are wrong. One clear line for each cause, no loop, and it goes on by itself when
# the cause is mended.
# shellcheck disable=SC2119,SC2317 # called without arguments; called by name: wait_for, check
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

rights=$SOURCE_DIR/deploy/bridge-rbac.yaml
sources=4 # of the configuration; with the Node, the ports and the versions: 7 watches
readonly watches=$((sources + 3))

# refused NAME STATUS PART... -- OPTION...: the bridge does not start, and says so in one line
refused() {
    local name=$1 status_wanted=$2 parts=()
    shift 2
    while [ "$1" != -- ]; do
        parts+=("$1")
        shift
    done
    shift
    run timeout 20 polarstack-bridge --runtime-dir "$work/refused" "$@"
    check_run "$name: exit code" "$status_wanted"
    check "$name: one line" test "$(grep -c '^polarstack-bridge: ' <<<"$err")/$(grep -vc ' INFO ' <<<"$err")" = 1/1
    check "$name: it says" contains "$err" "${parts[@]}"
}

start_cluster
start_listener 30010
start_bridge --kube-timeout 3s --stale-after 2s
check "it works" wait_for 20 published 30010
check "and is in sync" wait_for 10 in_sync

# ---- rights taken away ----

mark=$(log_mark)
kubectl -n kube-system delete rolebinding polarstack-bridge >/dev/null
start_listener 30011
check "a write that is refused is logged" wait_for 20 log_since "$mark" 'object not written .*code=PERMISSION_DENIED.*HTTP 403'
check "diff says so" wait_for 10 mirror_is FAILED
check "with the reason" contains "$(mirror .reason)" "HTTP 403" "cannot"
run pdctl --runtime-dir "$dir" doctor
check_run "doctor finds the fault" 1
check "the rights that are missing" contains "$out" "the bridge may not:" "patch configmaps" "apply deploy/bridge-rbac.yaml"
check "not those that are there" lacks "$out" "patch nodes/status"
check "what is published stays" published 30010
sleep 4 # some tries more
check "once, however often it was tried" log_is 1 "$mark" 'object not written'
kubectl apply -f "$rights" >/dev/null 2>&1
check "with the right given back, it goes on" wait_for 60 published 30011
check "and says so, once" log_is 1 "$mark" 'object written again'
check "diff agrees" wait_for 10 in_sync

# A right to watch is asked for when the watch begins.
stop_bridge
kubectl -n kube-system delete rolebinding polarstack-bridge >/dev/null
mark=$(log_mark)
start_bridge --kube-timeout 3s --stale-after 2s
check "without the right to read" wait_for 20 log_since "$mark" 'cannot watch .*HTTP 403'
check "diff says that it fails" wait_for 10 mirror_is FAILED
sleep 3
check "one line for each object" log_is $((watches - 1)) "$mark" 'cannot watch'
run pdctl --runtime-dir "$dir" doctor
check "doctor names rights and mend" contains "$out" "the bridge may not: get configmaps, list configmaps, watch configmaps" \
    "apply deploy/bridge-rbac.yaml"
kubectl apply -f "$rights" >/dev/null 2>&1
check "it recovers by itself" wait_for 60 config_is_fresh
check "all of it" wait_for 30 in_sync

# ---- a token that dies, and its successor ----

mark=$(log_mark)
create_account
token_is_dead() {
    pdctl --runtime-dir "$dir" doctor | grep -q "HTTP 401"
}
check "the old token dies" wait_for 40 token_is_dead
start_listener 30012
check "the dead token is refused" wait_for 40 log_since "$mark" 'HTTP 401'
check "diff says so" wait_for 10 mirror_is FAILED
run pdctl --runtime-dir "$dir" doctor
check_run "doctor finds it" 1
check "and says where to look" contains "$out" "FAULT" "HTTP 401" "check the token"
account_token >"$work/token.new"
mv "$work/token.new" "$work/token"
check "the new token is used without a restart" wait_for 60 published 30012
check "everywhere" wait_for 30 in_sync
check "a token is nothing for a log" lacks "$(cat "$work/bridge.log")" "$(cut -c 1-20 "$work/token")"
rm "$work/token"
mark=$(log_mark)
start_listener 30013
check "without the file the last token serves" wait_for 20 published 30013
check "the missing file is named" wait_for 5 log_since "$mark" "token not read .*$work/token"
stop_listener "$listener"
check "and again" wait_for 20 withdrawn 30013
check "once, with many requests" log_is 1 "$mark" "token not read"
account_token >"$work/token"
check "the bridge stops" stop_bridge

# ---- the wrong way ----

# wrong_way NAME REGEX ADVICE: with $work/bridge.kubeconfig as it is
wrong_way() {
    local name=$1 regex=$2 mark before cpu
    mark=$(log_mark)
    before=$(proxy_stat accepted)
    start_bridge --kube-timeout 3s --stale-after 2s
    check "$name: it is logged" wait_for 20 log_since "$mark" "$regex"
    cpu=$(cpu_ms "$bridge")
    sleep 10
    check "$name: one line for each watch" log_is "$watches" "$mark" "$regex"
    check "$name: and no other" log_is "$watches" "$mark" 'WARN'
    check "$name: it names the server" log_is "$watches" "$mark" "WARN.*$proxy_url"
    # Six watches, doubling from 250 ms: seven tries each, at most.
    check "$name: it connects now and then" within 0 $(($(proxy_stat accepted) - before)) 60
    check "$name: with little work" within 0 $(($(cpu_ms "$bridge") - cpu)) 1500
    run pdctl --runtime-dir "$dir" doctor
    check "$name: doctor says what to do" contains "$out" "$3" "$proxy_url"
    check "$name: the configuration is kept" test "$(config .clientNic)" = bond0
}

start_proxy
write_kubeconfig "$work/bridge.kubeconfig" "$work/token" "$proxy_url" "$kube/pki/other-ca.crt"
wrong_way "wrong CA" 'cannot watch .*the TLS certificates do not fit' "check the token or client certificate, the CA and the dates"
stop_bridge

cp "$kube/pki/other-ca.crt" "$work/ca.crt"
write_kubeconfig "$work/bridge.kubeconfig" "$work/token" "$proxy_url" "$work/ca.crt"
cp "$kube/pki/ca.crt" "$work/ca.crt"
kube_restart --cert expired
wrong_way "expired certificate" 'cannot watch .*the TLS certificates do not fit.*expired' "the dates of the certificates"
kube_restart
check "a new certificate ends that" wait_for 60 in_sync
proxy_do refuse
proxy_do cut
stop_bridge

write_kubeconfig "$work/bridge.kubeconfig" "$work/token" "$proxy_url"
wrong_way "resets" 'cannot watch .*cannot reach the API server' "check the address, the network"
proxy_do pass
check "that ends, too" wait_for 60 in_sync
check "the bridge stops" stop_bridge

closed=1 # nobody listens there
mark=$(log_mark)
write_kubeconfig "$work/bridge.kubeconfig" "$work/token" "https://127.0.0.1:$closed"
start_bridge --kube-timeout 3s
check "closed port: it is logged" wait_for 10 log_since "$mark" "cannot reach the API server https://127.0.0.1:$closed"
sleep 4
check "closed port: one line for each watch" log_is "$watches" "$mark" "cannot reach the API server"
check "the bridge stops" stop_bridge

# ---- a certificate of another name than the address ----

# named NAME: the kubeconfig asks for a certificate of that name
named() {
    write_kubeconfig "$work/bridge.kubeconfig" "$work/token"
    sed -i "s/cluster: {server/cluster: {tls-server-name: $1, server/" "$work/bridge.kubeconfig"
}
mark=$(log_mark)
named nobody.example
start_bridge
check "a certificate of another name is refused" wait_for 20 log_since "$mark" 'TLS certificates do not fit.*nobody.example'
check "the bridge stops" stop_bridge
named kubernetes.default.svc
start_bridge
check "one of the name that was asked for is not" wait_for 20 in_sync
check "the bridge stops" stop_bridge

# ---- never started ----

write_kubeconfig "$work/bridge.kubeconfig" "$work/token"
start_bridge
check "a bridge" wait_for 20 in_sync
run timeout 20 polarstack-bridge --runtime-dir "$dir" --node-name node-1 --kubeconfig "$work/bridge.kubeconfig"
check_run "a second one in the same folder" 1
check "it says why" contains "$err" "$dir/bridge.sock" "polarstack-bridge: "
check "the first one goes on" in_sync

sed 's/tokenFile: .*/exec: {apiVersion: client.authentication.k8s.io\/v1, command: aws}}/' "$work/bridge.kubeconfig" >"$work/exec.kubeconfig"
refused "exec plugin" 2 "'exec'" "not supported" "use a token" "$work/exec.kubeconfig" -- --kubeconfig "$work/exec.kubeconfig"
export HOME=$work/nowhere
refused "no credentials" 2 "no credentials" "--kubeconfig" KUBECONFIG -- --service-account-dir "$work/nowhere"
KUBECONFIG=$work/a:$work/b refused "several files" 2 "several files" -- --service-account-dir "$work/nowhere"
refused "no such file" 2 "$work/missing" "No such file" -- --kubeconfig "$work/missing"
echo 'a: [b' >"$work/broken"
refused "no YAML" 2 "$work/broken" "not YAML" -- --kubeconfig "$work/broken"
: >"$work/empty"
refused "empty file" 2 "$work/empty" "is empty" -- --kubeconfig "$work/empty"
grep -v current-context "$work/bridge.kubeconfig" >"$work/no-context"
refused "no context" 2 "current-context" -- --kubeconfig "$work/no-context"
sed 's/server: "[^"]*"/server: "ftp:\/\/x"/' "$work/bridge.kubeconfig" >"$work/ftp"
refused "no https" 2 "ftp://x" "https://" -- --kubeconfig "$work/ftp"
good=(--kubeconfig "$work/bridge.kubeconfig")
while IFS='|' read -r option value parts; do
    IFS=, read -ra wanted <<<"$parts"
    refused "$option $value" 2 "$option" "${wanted[@]}" -- "${good[@]}" "--$option" "$value"
done <<'END'
config|/nonexistent/file|/nonexistent/file
context|nobody|nobody
master|10.0.0.1:6443|10.0.0.1:6443
refresh-period|soon|soon
refresh-period|1ms|1ms
port-transient-after|0|0
port-transient-after|2d|2d
stale-after|-1s|-1s
kube-timeout|1ms|1ms
kube-timeout|1h|1h
watch-silence|1ms|1ms
log-level|loud|loud
namespace|Not_a_Name|Not_a_Name
namespace||namespace
node-name|Not_a_Name|Not_a_Name
node-name|../x|../x
mpd-controller-cm-name|a b|a b
controller-config-cm-name|a/b|a/b
ccm-config-cm-name|A|A
core-version-cm-labels||core-version-cm-labels
daemon-url|nonsense|nonsense
END
refused "unknown option" 2 "--nonsense" -- "${good[@]}" --nonsense
refused "an argument" 2 "stray" -- "${good[@]}" stray
refused "a folder that is a file" 1 "$work/empty" -- "${good[@]}" --runtime-dir "$work/empty"
check "all the time one bridge ran" in_sync
check "it stops" stop_bridge
check "the daemon, too" stop_daemon "$daemon"
finish
