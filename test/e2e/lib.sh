# lib.sh - sourced by the end-to-end tests: a Kubernetes API server of the test's own.
# All of test/system/lib.sh is there, too (run, check, wait_for, start_daemon, finish …), and of
# test/support/container_runtime.sh.
#
#   start_kube [OPTION...]      options of scripts/kube-testenv up; ends the test when it fails.
#                               Leaves $kube (its folder), $kube_port and $kube_url
#   stop_kube                   at the end it is called by itself
#   kubectl ARGUMENT...         as admin
#   kubectl_with FILE ARGUMENT...   as that kubeconfig says: $kube/bridge.kubeconfig has no rights
#
# Faults of the API server. Port and data stay the same.
#   kube_pause, kube_continue   SIGSTOP, SIGCONT
#   kube_stop, kube_kill        SIGTERM (SIGKILL after 5 s), SIGKILL
#   kube_start [--cert NAME] [-- OPTION...]    NAME: server or expired
#   kube_restart [as kube_start]    kills and starts
#   kube_compact                etcd forgets all revisions but the newest. Watches are answered
#                               from the server's cache unless it runs with --watch-cache=false
#
# What the server was asked. A request is logged when it has been answered: wait_for it.
#   audit_mark                  prints a mark: from here on
#   audit_count MARK AGENT [VERB [RESOURCE]]    how many requests: the user agent begins so;
#                               RESOURCE such as nodes or nodes/status; '' is any. Watches
#                               count only when VERB is watch
#   audit_is COUNT MARK AGENT [VERB [RESOURCE]]    it is so many
#   audit_show MARK AGENT       a line each: verb, resource, name, code, user
#
# Objects
#   create_inputs               the ConfigMaps that the daemon's bridge reads
#   create_account [NAME]       the service account (default: polarstack-bridge) in kube-system;
#                               one that exists is made anew, which ends its tokens within 10 s
#   account_token [NAME [SECONDS]]    prints a token (600 s is the server's least)
#   pod NAME NODE IP PHASE [APP]    of a daemon, or of APP
#   write_kubeconfig FILE TOKEN_FILE [URL [CA_FILE]]
#
# Faults of the network, between a client and the API server
#   start_proxy [TARGET_PORT]   leaves $proxy (pid), $proxy_port and $proxy_url
#   proxy_do COMMAND...         returns when it holds; the commands: head of tcp_proxy.c
#   proxy_stat NAME             prints open, accepted, to-server or to-client
#
# The two programs
#   start_cluster [OPTION...]   an API server with inputs and rights, and the daemon of node-1 in $dir
#   start_runtime               a real containerd in $runtime, which daemons use from then on
#   start_bridge [OPTION...]    leaves $bridge; its log is $work/bridge.log
#   the rest: at the end of this file
# shellcheck shell=bash disable=SC2034,SC2120

# shellcheck source=test/system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
# shellcheck source=test/support/container_runtime.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/container_runtime.sh"
: "${SOURCE_DIR:?name the folder of the sources}"

# A cluster that somebody uses is nothing for these tests.
unset KUBECONFIG
# Nor is a container runtime: daemons find none before start_runtime.
echo "runtime-endpoint = unix://$work/no-runtime.sock" >"$work/daemon.conf"
export POLARSTACK_CONFIG=$work/daemon.conf
kube=$work/kube
proxy_answers=$work/proxy.answers

# ---- environment ----

kube_testenv() {
    "$SOURCE_DIR/scripts/kube-testenv" "$@"
}

start_kube() {
    at_end+=(stop_kube)
    kube_testenv up --dir "$kube" --owner $$ --no-build "$@" >"$work/kube.out" || {
        echo "FAILED: there is no Kubernetes API server to test with" >&2
        exit 1
    }
    kube_port=$(awk '$1 == "apiserver" { print $2 }' "$kube/ports")
    kube_url=https://127.0.0.1:$kube_port
}

stop_kube() {
    kube_testenv down --dir "$kube" >/dev/null
}

kubectl_with() {
    local config=$1
    shift
    HOME=$work command kubectl --kubeconfig "$config" "$@"
}

kubectl() {
    kubectl_with "$kube/admin.kubeconfig" "$@"
}

kube_pause() {
    kube_testenv server pause --dir "$kube"
}

kube_continue() {
    kube_testenv server continue --dir "$kube"
}

kube_stop() {
    kube_testenv server stop --dir "$kube"
}

kube_kill() {
    kube_testenv server kill --dir "$kube"
}

kube_start() {
    kube_testenv server start --dir "$kube" "$@"
}

kube_restart() {
    kube_kill && kube_start "$@"
}

kube_etcdctl() {
    ETCDCTL_API=3 etcdctl --endpoints="http://127.0.0.1:$(awk '$1 == "etcd" { print $2 }' "$kube/ports")" "$@"
}

kube_compact() {
    local revision
    revision=$(kube_etcdctl get / -w json | jq .header.revision) &&
        kube_etcdctl compact --physical "$revision" >/dev/null
}

# ---- audit log ----

audit_mark() {
    stat -c %s "$kube/audit.log"
}

# audit_requests MARK AGENT JQ-FILTER: each request once, also one that is logged at its
# start and at its end. The last line may be in the making.
audit_requests() {
    tail -c "+$(($1 + 1))" "$kube/audit.log" | jq -nrR --arg agent "$2" '
        def resource: .objectRef.resource + (if .objectRef.subresource then "/" + .objectRef.subresource else "" end);
        [inputs | fromjson? | select((.userAgent // "") | startswith($agent))] | group_by(.auditID) | map(last)
        | sort_by(.requestReceivedTimestamp) | '"$3"
}

audit_count() {
    verb=${3-} resource=${4-} audit_requests "$1" "$2" '
        map(select(if env.verb == "" then .verb != "watch" else .verb == env.verb end)
            | select(env.resource == "" or resource == env.resource)) | length'
}

audit_is() {
    [ "$(audit_count "${@:2}")" = "$1" ]
}

audit_show() {
    audit_requests "$1" "$2" '.[] | [.verb, resource, .objectRef.name, .responseStatus.code, .user.username] | @tsv'
}

# ---- objects ----

# minor_version NAME: a ConfigMap as the installer makes one for a database version
minor_version() {
    cat <<END
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: $1
  namespace: kube-system
  labels: {configtype: minor_version_info, dbClusterMode: WriteReadMore, dbType: PostgreSQL, dbVersion: "1.0"}
data:
  name: "$1"
  pgEngineImage: polardb/polardb_pg_engine_release:$1
  pgManagerImage: polardb/polardb_pg_manager:$1
  pgClusterManagerImage: polardb/polardb_cluster_manager:$1
  pfsdImage: polardb/pfsd:1.2.41-$1
  pfsdToolImage: polardb/pfsd_tool:1.2.41-$1
END
}

inputs() {
    cat <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: polardb4mpd-controller
  namespace: kube-system
  annotations:
    polarbox.mpd.engine.port.range: 30000-32999
    polarbox.mpd.external.port.range: 36000-39999
    polarbox.mpd.maxscale.port.range: 33000-35999
    polarbox.novip.engine.port.range: 5400-5800
    polarbox.novip.maxscale.port.range: 15400-15800
    datamax.port.range: 16000-16400
    polarbox.mpd.reserved.port.ranges: ""
data:
  Pbx.Next.Engine.Port: "30012"
  Pbx.Next.External.Port: "36004"
  Pbx.Next.Maxscale.Port: "33007"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: controller-config, namespace: kube-system}
data:
  sshUser: root
  sshPassword: not-to-be-logged
  enablePrintPort: "true"
  isCheckOObIP: "false"
  disableSanCmd: "true"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ccm-config, namespace: kube-system}
data:
  NET_CARD_NAME: bond0
  NET_MASK: 255.255.240.0
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: polar-wrm-1-0-minor-version-info-root
  namespace: kube-system
  labels: {configtype: minor_version_info, dbClusterMode: WriteReadMore, dbType: PostgreSQL, dbVersion: "1.0"}
data:
  latestVersion: polardb-wrm-1.0.2
END
    minor_version polardb-wrm-1.0.1
    minor_version polardb-wrm-1.0.2
}

create_inputs() {
    inputs | kubectl create -f - >/dev/null
}

# pod NAME NODE IP PHASE [APP]: as a DaemonSet would have it, and its kubelet report it
pod() {
    kubectl -n kube-system create serviceaccount default >/dev/null 2>&1 # no controller makes it
    kubectl -n kube-system create -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: ${5:-polarstack-daemon}}}
spec:
  nodeName: $2
  automountServiceAccountToken: false
  containers: [{name: daemon, image: polarstack-daemon}]
END
    kubectl -n kube-system get pod "$1" -o json | jq --arg ip "$3" --arg phase "$4" \
        '.status.podIP = (if $ip == "" then null else $ip end) | .status.phase = $phase' >"$work/pod.json"
    kubectl replace --raw "/api/v1/namespaces/kube-system/pods/$1/status" -f "$work/pod.json" >/dev/null
}

create_account() {
    local name=${1:-polarstack-bridge}
    kubectl -n kube-system delete serviceaccount "$name" --ignore-not-found >/dev/null &&
        kubectl -n kube-system create serviceaccount "$name" >/dev/null
}

account_token() {
    local name=${1:-polarstack-bridge} seconds=${2:-3600}
    printf '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": %d}}' "$seconds" |
        kubectl create --raw "/api/v1/namespaces/kube-system/serviceaccounts/$name/token" -f - |
        jq -er .status.token
}

write_kubeconfig() {
    cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: test
contexts:
- {name: test, context: {cluster: test, user: test}}
clusters:
- name: test
  cluster: {server: "${3:-$kube_url}", certificate-authority: "${4:-$kube/pki/ca.crt}"}
users:
- name: test
  user: {tokenFile: "$2"}
END
}

# ---- proxy ----

start_proxy() {
    rm -f "$work/proxy.commands"
    mkfifo "$work/proxy.commands"
    : >"$proxy_answers"
    tcp-proxy 0 "${1:-$kube_port}" <"$work/proxy.commands" >"$proxy_answers" &
    proxy=$!
    children+=("$proxy")
    exec {proxy_input}>"$work/proxy.commands"
    wait_for 10 grep -q '^port ' "$proxy_answers" || {
        echo "FAILED: tcp-proxy did not start" >&2
        exit 1
    }
    proxy_port=$(awk '$1 == "port" { print $2 }' "$proxy_answers")
    proxy_url=https://127.0.0.1:$proxy_port
}

proxy_answer_count() {
    grep -cE '^(ok|error) ' "$proxy_answers"
}

proxy_has_answered() {
    [ "$(proxy_answer_count)" -gt "$1" ]
}

proxy_do() {
    local before
    before=$(proxy_answer_count)
    echo "$*" >&"$proxy_input"
    wait_for 10 proxy_has_answered "$before" && [ "$(tail -n 1 "$proxy_answers")" = "ok $*" ]
}

proxy_stat() {
    proxy_do stats && sed -n 's/^stats \(.* \)\?'"$1"'=\([0-9]*\).*/\2/p' "$proxy_answers" | tail -n 1
}

# ---- the two programs under test ----

# The daemon and the bridge of node-1, in $dir. The bridge acts as its service account,
# with the rights of deploy/bridge-rbac.yaml and no others.
# start_cluster [OPTION...]: of the daemon
start_cluster() {
    dir=$work/run
    # What takes any free port must not take one of the cluster's ranges: it would be published.
    echo 40000 60999 >/proc/sys/net/ipv4/ip_local_port_range
    start_kube --node node-1 --node-ip 192.0.2.7
    create_inputs
    create_account
    kubectl apply -f "$SOURCE_DIR/deploy/bridge-rbac.yaml" >/dev/null 2>&1
    account_token >"$work/token"
    write_kubeconfig "$work/bridge.kubeconfig" "$work/token"
    start_daemon "$dir" --node-name node-1 "$@"
}

# start_bridge [OPTION...]: as $work/bridge.kubeconfig says; leaves $bridge
start_bridge() {
    polarstack-bridge --runtime-dir "$dir" --node-name node-1 --kubeconfig "$work/bridge.kubeconfig" "$@" \
        2>>"$work/bridge.log" &
    bridge=$!
    children+=("$bridge")
}

stop_bridge() {
    kill -TERM "$bridge" && wait "$bridge"
}

readonly ports_map=cloud-provider-port-usage-node-1
readonly versions_map=polarstack-daemon-version-availability-node-1

# ports_map FILTER: what jq makes of the ConfigMap with the ports
ports_map() {
    kubectl -n kube-system get configmap "$ports_map" -o json | jq -er "$1"
}

# published PORT, withdrawn PORT: the ConfigMap is there, with or without it
published() {
    [ "$(ports_map ".data[\"$1\"]")" = "the port already use" ]
}

withdrawn() {
    ports_map ".data // {} | has(\"$1\") | not" >/dev/null
}

# ports_annotation NAME: one of the bridge's own
ports_annotation() {
    ports_map ".metadata.annotations[\"polarstack.io/$1\"]"
}

ports_state_is() {
    [ "$(ports_annotation state)" = "$1" ]
}

# condition TYPE: the Node's, as JSON
condition() {
    kubectl get node node-1 -o json | jq -e ".status.conditions[] | select(.type == \"$1\")"
}

has_runtime=false
start_runtime() {
    runtime=$work/containerd
    start_containerd "$runtime"
    echo "runtime-endpoint = unix://$(containerd_socket "$runtime")" >"$work/daemon.conf"
    has_runtime=true
}

# Everything is as it should be. A host without a container runtime cannot tell which versions
# it has: their ConfigMap waits, without a difference, and nothing else does.
in_sync() {
    if "$has_runtime"; then
        pdctl --runtime-dir "$dir" diff >/dev/null
    else
        pdctl --runtime-dir "$dir" diff -o json | jq -e --arg map "ConfigMap kube-system/$versions_map" '
            [.objects[] | {name, state, differences: (.differences // [] | length)} | select(.state != "IN_SYNC" or .differences > 0)]
            == [{name: $map, state: "WAITING", differences: 0}]' >/dev/null
    fi
}

# mirror FILTER: what jq makes of what the bridge says of the ConfigMap with the ports
mirror() {
    pdctl --runtime-dir "$dir" diff -o json | jq -er --arg map "ConfigMap kube-system/$ports_map" \
        ".objects[] | select(.name == \$map) | $1"
}

# mirror_is STATE: of the ConfigMap with the ports
mirror_is() {
    [ "$(mirror .state)" = "$1" ]
}

# config FILTER: what jq makes of the daemon's NodeConfig
config() {
    pdctl --runtime-dir "$dir" get config -o json | jq -er "$1"
}

config_is() {
    [ "$(config .observation.state)" = "$1" ]
}

config_is_fresh() {
    config_is FRESH
}

# The daemon itself sees PORT, or does not.
daemon_sees() {
    pdctl --runtime-dir "$dir" get ports --range "$1" -o json | jq -e '.ports | length == 1' >/dev/null
}

daemon_misses() {
    pdctl --runtime-dir "$dir" get ports --range "$1" -o json | jq -e '(.ports // []) == []' >/dev/null
}

log_has() {
    grep -q "$1" "$work/bridge.log"
}

# log_mark prints a mark: from here on; log_count MARK REGEX: so many lines of the bridge match
log_mark() {
    stat -c %s "$work/bridge.log" 2>/dev/null || echo 0
}

log_count() {
    tail -c "+$(($1 + 1))" "$work/bridge.log" | grep -cE "$2"
}

log_is() {
    [ "$(log_count "$2" "$3")" = "$1" ]
}

# log_since MARK REGEX: at least one
log_since() {
    [ "$(log_count "$@")" != 0 ]
}

# within LEAST NUMBER MOST
within() {
    [ "$1" -le "$2" ] && [ "$2" -le "$3" ]
}

# Ms of CPU time that process PID has used
cpu_ms() {
    awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"
}
