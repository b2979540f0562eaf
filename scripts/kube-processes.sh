# shellcheck shell=bash disable=SC2154 # kube-testenv, which sources this, sets them
# etcd and kube-apiserver of one environment: credentials, start, stop.
# Sourced by kube-testenv, which sets $dir and what its options say.
#
# Files of an environment: etcd/ (data), pki/, NAME.kubeconfig, NAME.log, NAME.pid (pid
# and start time), audit.log, ports, kube-testenv (marks the folder as ours).

readonly ready_seconds=90 stop_seconds=5
# Below the range from which the kernel takes ports for connections: otherwise one of
# those might hold the port while the API server is down.
readonly first_port=20000 last_port=29999

server_url() {
    echo "https://127.0.0.1:$(port_of apiserver)"
}

port_of() {
    awk -v name="$1" '$1 == name { print $2 }' "$dir/ports"
}

admin() {
    # Its caches go there, too.
    HOME=$dir kubectl --kubeconfig "$dir/admin.kubeconfig" "$@"
}

# ---- credentials ----

pki() {
    (cd "$dir/pki" && quietly "$dir/pki/openssl.log" openssl "$@")
}

# authority NAME
authority() {
    pki req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$1" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1.key" -out "$1.crt"
}

# sign NAME SUBJECT DAYS EXTENSION...
sign() {
    local name=$1 subject=$2 days=$3
    shift 3
    printf '%s\n' "$@" >"$dir/pki/$name.ext"
    pki req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" -keyout "$name.key" -out "$name.csr"
    pki x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" \
        -extfile "$name.ext" -out "$name.crt"
}

# pki/: ca; other-ca, which has signed nothing; server; expired, which was the server's
# until a day ago; client, that of the user bridge; service-accounts.key.
make_certificates() {
    local names='subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes.default.svc'
    mkdir "$dir/pki"
    authority ca
    authority other-ca
    sign server /CN=kube-apiserver 3650 "$names" extendedKeyUsage=serverAuth
    sign expired /CN=kube-apiserver -1 "$names" extendedKeyUsage=serverAuth
    sign client /CN=bridge 3650 extendedKeyUsage=clientAuth
    pki ecparam -genkey -name prime256v1 -noout -out service-accounts.key
    rm -f "$dir"/pki/*.csr "$dir"/pki/*.ext "$dir"/pki/openssl.log
}

# kubeconfig USER TOKEN TRUST: TRUST says how the server's certificate is looked at
kubeconfig() {
    cat >"$dir/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: testenv
contexts:
- {name: testenv, context: {cluster: testenv, user: $1}}
clusters:
- name: testenv
  cluster:
    server: $(server_url)
    $3
users:
- name: $1
  user: {token: $2}
END
}

make_credentials() {
    make_certificates
    admin_token=$(openssl rand -hex 16)
    bridge_token=$(openssl rand -hex 16)
    cat >"$dir/tokens.csv" <<END
$admin_token,admin,admin,"system:masters"
$bridge_token,bridge,bridge
END
    cat >"$dir/audit-policy.yaml" <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
END
}

# Three ports that are free now.
choose_ports() {
    local names=(apiserver etcd etcd-peer) ports
    mapfile -t ports < <(perl -MIO::Socket::INET -e '
        my ($count, $first, $last) = @ARGV;
        my @sockets;
        for (my $try = 0; @sockets < $count && $try < 10000; $try++) {
            my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1,
                LocalPort => $first + int(rand($last - $first + 1)));
            push @sockets, $socket if $socket;
        }
        print map { $_->sockport . "\n" } @sockets' "${#names[@]}" "$first_port" "$last_port")
    ((${#ports[@]} == ${#names[@]})) || die "no free ports from $first_port to $last_port of 127.0.0.1"
    paste -d' ' <(printf '%s\n' "${names[@]}") <(printf '%s\n' "${ports[@]}") >"$dir/ports"
    kubeconfig admin "$admin_token" "certificate-authority: $dir/pki/ca.crt"
    kubeconfig bridge "$bridge_token" "certificate-authority: $dir/pki/ca.crt"
    kubeconfig insecure "$admin_token" "insecure-skip-tls-verify: true"
}

# ---- processes ----

# start_detached NAME COMMAND...
start_detached() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
    pid=$!
    echo "$pid $(start_ticks "$pid")" >"$dir/$name.pid"
    disown "$pid"
}

# signal_process NAME SIGNAL
signal_process() {
    local pid
    pid=$(running_pid "$dir/$1.pid") || die "$1 does not run: see $dir/$1.log"
    kill "-$2" "$pid" || die "cannot signal $1 (pid $pid): run this as the user who started it"
}

# ends NAME SECONDS: it does within that time
ends() {
    local tick
    for ((tick = 0; tick < $2 * 20; tick++)); do
        running_pid "$dir/$1.pid" >/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# stop_process NAME SIGNAL: also when it is paused; by SIGKILL when it does not end.
stop_process() {
    local pid
    if pid=$(running_pid "$dir/$1.pid"); then
        kill "-$2" "$pid" || die "cannot stop $1 (pid $pid): run this as the user who started it"
        kill -CONT "$pid" 2>/dev/null || true
        ends "$1" "$stop_seconds" || kill -KILL "$pid" 2>/dev/null || true
        ends "$1" "$stop_seconds" || die "$1 (pid $pid) does not end: see $dir/$1.log"
    fi
    rm -f "$dir/$1.pid"
}

# The API server first: without etcd it would complain at length.
stop_all() {
    stop_process apiserver KILL
    stop_process etcd KILL
    stop_process owner-watch KILL
}

# Runs until that process has ended, and then takes the environment down.
watch_owner() {
    # shellcheck disable=SC2016 # perl expands them
    start_detached owner-watch perl -e '
        my ($pid, @down) = @ARGV;
        sub start_of {
            open(my $stat, "<", "/proc/$pid/stat") or return "";
            my $line = <$stat> // "";
            $line =~ s/.*\) //;
            return (split / /, $line)[0] eq "Z" ? "" : (split / /, $line)[19];
        }
        my $start = start_of();
        sleep 1 while $start ne "" && start_of() eq $start;
        system @down' "$1" "$(realpath "$0")" down --dir "$dir"
}

start_etcd() {
    local client peer
    client=http://127.0.0.1:$(port_of etcd)
    peer=http://127.0.0.1:$(port_of etcd-peer)
    # Debian's etcd runs on other machines than these two only when told to.
    ETCD_UNSUPPORTED_ARCH=$(dpkg --print-architecture 2>/dev/null || true) \
        start_detached etcd "$etcd" --name testenv --data-dir "$dir/etcd" --logger zap --log-outputs stderr \
        --log-level error --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "testenv=$peer"
}

# Nothing here has to be found by other hosts, no controllers make service accounts for
# pods, and old revisions go only when a test says so.
server_arguments() {
    printf '%s\n' --etcd-servers="http://127.0.0.1:$(port_of etcd)" --etcd-compaction-interval=0 \
        --secure-port="$(port_of apiserver)" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
        --endpoint-reconciler-type=none --service-cluster-ip-range=10.0.0.0/24 --cert-dir="$dir/pki" \
        --tls-cert-file="$dir/pki/$certificate.crt" --tls-private-key-file="$dir/pki/$certificate.key" \
        --client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/tokens.csv" --authorization-mode=Node,RBAC \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$dir/pki/service-accounts.key" \
        --service-account-signing-key-file="$dir/pki/service-accounts.key" \
        --disable-admission-plugins=ServiceAccount --profiling=false \
        --audit-policy-file="$dir/audit-policy.yaml" --audit-log-path="$dir/audit.log" --audit-log-maxsize=1024
}

start_server() {
    local arguments kept
    if running_pid "$dir/apiserver.pid" >/dev/null; then
        die "the API server runs already: stop it first with scripts/kube-testenv server stop"
    fi
    mapfile -t arguments < <(server_arguments)
    mapfile -d '' -t kept <"$dir/server_options"
    start_detached apiserver "$apiserver" "${arguments[@]}" "${kept[@]}" "${server_options[@]}"
    await_ready
}

# Whatever certificate it shows.
ready() {
    HOME=$dir kubectl --kubeconfig "$dir/insecure.kubeconfig" get --raw /readyz --request-timeout=2s >/dev/null 2>&1
}

await_ready() {
    local end=$((SECONDS + ready_seconds)) name
    while ! ready; do
        for name in etcd apiserver; do
            running_pid "$dir/$name.pid" >/dev/null || {
                tail -n 20 "$dir/$name.log" >&2
                die "$name has ended; above is the end of its log"
            }
        done
        ((SECONDS < end)) || {
            tail -n 20 "$dir/apiserver.log" >&2
            die "the API server is not ready after $ready_seconds seconds; above is the end of its log"
        }
        sleep 0.1
    done
}

# The API server makes them a moment after it is ready.
await_namespaces() {
    local end=$((SECONDS + ready_seconds))
    until admin get namespace kube-system default >/dev/null 2>&1; do
        ((SECONDS < end)) || die "the API server has not made its namespaces: see $dir/apiserver.log"
        sleep 0.1
    done
}
