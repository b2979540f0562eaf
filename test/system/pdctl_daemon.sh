#!/bin/bash
# pdctl and the daemon: what is in use, what changes, what cannot be told.
# shellcheck disable=SC2317 # functions that are called by name: wait_for, check
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

dir=$work/run
export POLARSTACK_RUNTIME_DIR=$dir
fast=(--node-name node-1 --port-listen-period 50ms --port-full-period 100ms)

listed() {
    pdctl get ports -o name 2>/dev/null | grep -qx "port/$1"
}

not_running() {
    grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || [ ! -e "/proc/$1" ]
}

# seen FILTER FILE: one of the objects, a line each, satisfies the jq filter
seen() {
    jq -es "any(.[]; $1)" "$2" >/dev/null 2>&1
}

count_of() {
    jq -s "[.[] | select($1)] | length" "$2"
}

start_daemon "$dir" "${fast[@]}"
start_listener 30010
wait_for 10 listed 30010

# ---- get ----

run pdctl get ports
check_run "get ports succeeds" 0
check "the table" test "$out" = "\
PORT   PROTOCOLS  FAMILIES  CLASS      BINDABLE  BINDABLE-IPV4
30010  tcp        ipv4      LISTENING  no        no"
check "the freshness is on stderr" contains "$err" "FRESH, observed " " ago, revision " ", node node-1"
run pdctl get ports -o wide --no-headers
check "the wide table without head" test "$out" = "30010  tcp        ipv4      LISTENING  no        no             tcp4"
run pdctl get ports -o name
check "names" test "$out" = port/30010
check "names come with no other line" test -z "$err"
run pdctl get ports -o json
check "JSON" holds '.observation.state == "FRESH" and .observation.node == "node-1" and (.observation.revision | type) == "string"
    and (.ports == [{"port": 30010, "class": "LISTENING", "tcp4": true, "tcp6": false, "udp4": false, "udp6": false,
                     "bindable": "NOT_BINDABLE", "bindableIpv4": "NOT_BINDABLE"}])' "$work/out"
check "JSON comes with no other line" test -z "$err"
run pdctl get ports -o yaml
check "YAML" contains "$out" "observation:" "  node: node-1" "  - port: 30010" "    bindableIpv4: NOT_BINDABLE"
run pdctl get ports --range 30000-30009,30011 -o name
check_run "a range without ports in use is a good answer" 0
check "ports outside the range are not listed" test -z "$out"
run pdctl get ports --range 30010 -o name
check "ports inside the range are listed" test "$out" = port/30010
pdctl get ports -o json | true
check "a closed pipe is no failure" test "${PIPESTATUS[0]}" = 0

# ---- why, scan, describe, health, version ----

run pdctl why port 30010
check_run "why succeeds for a taken port" 0
check "why names the process" contains "$out" "class:          LISTENING" "no (dual stack), no (IPv4 only)" \
    "tcp 127.0.0.1:30010, LISTEN" "pid $listener (perl), started 2" "outside ip_local_port_range"
run pdctl why port 30010 -o json
check "why as JSON" holds ".sockets[0].processes[0].pid == $listener and .port.bindable == \"NOT_BINDABLE\" and .node == \"node-1\"" "$work/out"
run pdctl why port 30011
check_run "why succeeds for a free port" 0
check "why says free" contains "$out" "is free" "yes (dual stack), yes (IPv4 only)" "class:          none"
run pdctl why port 40000
check "why knows the kernel's own ports" contains "$out" "may hand it out to any outgoing connection"

run pdctl scan ports -o name
check_run "scan succeeds" 0
check "scan lists what it found" test "$out" = port/30010

run pdctl describe
check_run "describe succeeds" 0
check "describe lists services, roles and topics" contains "$out" "polarstack.v1.PortUsageService" \
    "ScanPorts(ScanPortsRequest) returns ScanPortsResponse" "role OPERATOR" \
    "WatchPortUsage(WatchPortUsageRequest) returns stream PortUsage" "topic polarstack.v1.PortUsage"
run pdctl describe -o json
check "describe as JSON" holds '[.services[].methods[] | select(.role == "OPERATOR") | .fullName] ==
    ["/polarstack.v1.CoreVersionService/CheckCoreVersions", "/polarstack.v1.PortUsageService/ScanPorts"]' "$work/out"

run pdctl health
check_run "health of a good daemon" 0
check "health shows the scanners" contains "$out" "SERVING: polarstack-daemon" "node node-1, pid $daemon" "port     FRESH" "net      FRESH" \
    "version  UNKNOWN" "the cluster has not told any versions yet"
run pdctl version
check "version shows both" contains "$out" "pdctl " "polarstack-daemon " " at ipc://$dir/daemon.sock"
unset POLARSTACK_RUNTIME_DIR
run pdctl health --runtime-dir "$dir"
check_run "--runtime-dir finds the daemon" 0
run pdctl health --url "ipc://$dir/daemon.sock"
check_run "--url finds the daemon" 0
XDG_RUNTIME_DIR=$work run pdctl health --color never
check "another folder is another daemon" test "$status" != 0
export POLARSTACK_RUNTIME_DIR=$dir

# ---- refused ----

chmod 755 "$work"
run setpriv --reuid nobody --regid root --clear-groups pdctl scan ports
check_run "a reader may not scan" 4
check "the refusal is one line with its code" contains "$err" "pdctl: " "OPERATOR" "(PERMISSION_DENIED)"
run setpriv --reuid nobody --regid root --clear-groups pdctl get ports -o name
check_run "a reader may get" 0

# ---- watch ----

run pdctl watch ports --for 1s --range 30000-32999
check_run "a watch ends after its time" 0
check "the watch begins with what is there" contains "$out" "TIME" "CHANGE" "ADDED     30010  tcp"
check "the watch says that it is synchronized" contains "$err" "synchronized: FRESH"

pdctl watch ports -o json >"$work/events" 2>"$work/events.err" &
watcher=$!
children+=("$watcher")
wait_for 10 seen '.type == "ADDED" and .object.port == 30010' "$work/events"
check "the stream begins with SYNC" test "$(head -1 "$work/events" | jq -r .type)" = SYNC
start_listener 30011
second=$listener
check "a new listener is ADDED" wait_for 5 seen '.type == "ADDED" and .object.port == 30011 and .object.class == "LISTENING"' "$work/events"
stop_listener "$second"
check "a closed one is DELETED" wait_for 5 seen '.type == "DELETED" and .object.port == 30011' "$work/events"

# ---- restart under a watch ----

stop_daemon "$daemon"
check "the daemon stops well" test $? = 0
check "the loss is an event" wait_for 10 seen '.type == "LOST" and .reason != ""' "$work/events"
start_listener 30012
start_daemon "$dir" "${fast[@]}"
check "the watch synchronizes anew" wait_for 20 seen '.type == "SYNC" and .resynchronized and .reason != ""' "$work/events"
check "what came meanwhile is ADDED" wait_for 10 seen '.type == "ADDED" and .object.port == 30012' "$work/events"
check "what stayed is not told again" test "$(count_of '.object.port == 30010' "$work/events")" = 1
kill -TERM "$watcher"
wait "$watcher"
check "SIGTERM ends a watch with exit code 0" test $? = 0
check "JSON leaves stderr alone" test ! -s "$work/events.err"

timeout 10 pdctl watch ports --count 1 >"$work/out" 2>/dev/null
check "a watch ends after its count" test $? = 0
check "no more changes than asked for" test "$(grep -c ADDED "$work/out")" = 1
timeout 10 pdctl watch ports -o json 2>"$work/err" | head -1 >/dev/null
check "a watch ends when its reader does" test "${PIPESTATUS[0]}" = 0
check "and quietly" test ! -s "$work/err"

# A reader that does not read: 4 KiB fit into the pipe, the events are longer.
mkfifo "$work/fifo"
perl -e '
    my ($F_SETPIPE_SZ, $FIONREAD, $size) = (1031, 0x541b, pack("i", 0));
    open(my $fifo, "<", $ARGV[0]) or die "fifo: $!";
    fcntl($fifo, $F_SETPIPE_SZ, 4096) or die "F_SETPIPE_SZ: $!";
    until (unpack("i", $size) >= 4000) {
        select(undef, undef, undef, 0.05);
        ioctl($fifo, $FIONREAD, $size) or die "FIONREAD: $!";
    }
    open(my $full, ">", "$ARGV[0].full") or die $!;
    sleep 60' "$work/fifo" &
children+=("$!")
# shellcheck disable=SC2046
start_listener $(seq 20000 20099)
crowd=$listener
wait_for 10 listed 20099
pdctl watch ports -o json >"$work/fifo" &
watcher=$!
children+=("$watcher")
check "the pipe fills up" wait_for 10 test -e "$work/fifo.full"
kill -TERM $watcher
check "SIGTERM ends a watch whose reader does not read" wait_for 3 not_running $watcher
wait $watcher
check "and so with exit code 0" test $? = 0
stop_listener "$crowd"

# ---- a daemon that does not answer ----

kill -STOP "$daemon"
run pdctl health --timeout 300ms
kill -CONT "$daemon"
check_run "a late answer has exit code 5" 5
check "a late answer says what to do" contains "$err" "pdctl: " "wait longer with --timeout"

# ---- a kernel that does not answer ----

stop_daemon "$daemon"

# Every sock_diag request from the WHEN-th on fails. The socket of the daemon
# does not go through sendto.
start_blind_daemon() {
    # A leak checker cannot work under a tracer.
    ASAN_OPTIONS=detect_leaks=0 strace -f -qqq -o /dev/null -e trace=sendto -e inject=sendto:error=EIO:when="$1" \
        polarstack-daemon --runtime-dir "$dir" "${fast[@]}" 2>>"$work/daemon.log" &
    tracer=$!
    children+=("$tracer")
    wait_for 20 answers "$dir"
}

stop_blind_daemon() {
    kill -TERM "$(pdctl health -o json | jq .pid)"
    wait "$tracer"
}

start_blind_daemon 1+
for format in table wide name; do
    run pdctl get ports -o $format
    check_run "unknown ports have exit code 1 (-o $format)" 1
    check "unknown ports are no empty list (-o $format)" test -z "$out"
    check "unknown ports are explained (-o $format)" contains "$err" "pdctl: the ports of this host are not known: " "see 'pdctl health'"
done
run pdctl get ports -o json
check_run "unknown ports have exit code 1 (-o json)" 1
check "JSON says UNKNOWN" holds '.observation.state == "UNKNOWN" and .observation.reason != ""' "$work/out"
run pdctl health
check_run "a degraded daemon has exit code 1" 1
check "health says what is unknown" contains "$out" "DEGRADED: " "port     UNKNOWN, no complete look yet" "Input/output error"
stop_blind_daemon

is_stale() {
    pdctl get ports -o json 2>/dev/null | jq -e '.observation.state == "STALE"' >/dev/null
}

start_blind_daemon 30+
wait_for 20 is_stale
run pdctl get ports
check_run "stale ports are shown" 0
check "stale ports are the last ones seen" contains "$out" "30010  tcp" "30012  tcp"
check "stale ports are said to be stale" contains "$err" "STALE for " "Input/output error"
run pdctl get ports -o name
check "names of stale ports come with a warning" contains "$err" "STALE for "
stop_blind_daemon

finish
