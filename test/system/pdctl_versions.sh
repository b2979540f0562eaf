#!/bin/bash
# pdctl and database versions: a real containerd, and several daemons, some of them dead,
# hung, or no daemons.
# shellcheck disable=SC2317 # functions that are called by name: wait_for, check
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/support/container_runtime.sh
. "$(dirname "$0")/../support/container_runtime.sh"
in_own_network "$@"

dir=$work/run
runtime=$work/containerd
export POLARSTACK_RUNTIME_DIR=$dir
engine=registry.example:5000/engine:1
manager=registry.example:5000/manager:1
# Only changes of the configuration and checks make the daemons look.
options=(--runtime-endpoint "unix://$(containerd_socket "$runtime")" --version-period 1h)
versions=(pg-11/map-11 "engineImage=$engine" toolImage=tool
    pg-14/map-14 "engineImage=$engine" "managerImage=$manager"
    pg-15 engineImage=Not/A/Name)

states_are() {
    pdctl get versions -o json 2>/dev/null |
        jq -e --arg states "$1" '[.versions[] | .name + " " + .presence] | join(",") == $states' >/dev/null
}

# columns N...: the Nth words of each line that was printed
columns() {
    awk -v columns="$*" '{
        count = split(columns, column, " ")
        line = ""
        for (i = 1; i <= count; i++)
            if (column[i] <= NF)
                line = line (i > 1 ? " " : "") $column[i]
        print line
    }' "$work/out"
}

# seen FILTER FILE: one of the objects, a line each, satisfies the jq filter
seen() {
    jq -es "any(.[]; $1)" "$2" >/dev/null 2>&1
}

start_containerd "$runtime"
import_images "$runtime" "$engine" docker.io/library/tool:latest
wait_for 10 cri_has "$runtime" docker.io/library/tool:latest
start_daemon "$dir" --node-name node-1 "${options[@]}"

# ---- before the cluster has told any ----

run pdctl get versions
check_run "versions that nobody told are no good answer" 1
check "nor an empty list" test -z "$out"
check "but explained" contains "$err" "pdctl: which versions this host has is not known: " "see 'pdctl doctor'"
run pdctl why version pg-11
check_run "nor does why know any" 1
check "and says the same" contains "$err" "which versions this host has is not known: "
run pdctl check versions
check_run "a check has nothing to look for" 1
check "and says so" contains "$err" "pdctl: the versions were not checked: " "(FAILED_PRECONDITION)"

# ---- get ----

apply-versions "ipc://$dir/daemon.sock" "${versions[@]}"
check "the daemon looks when they are told" \
    wait_for 20 states_are "pg-11 PRESENT,pg-14 ABSENT,pg-15 PRESENCE_UNKNOWN"
run pdctl get versions
check_run "get versions succeeds" 0
check "the table" test "$(columns 1 2 3)" = "\
NAME PRESENCE IMAGES
pg-11 PRESENT 2/2
pg-14 ABSENT 1/2
pg-15 UNKNOWN ?/1"
check "ends with the age" test "$(columns 4 5 | head -1)" = AGE
check "the freshness is on stderr" contains "$err" "FRESH, observed " ", node node-1"
run pdctl get versions -o wide --no-headers
check "wide" test "$(columns 1 5 6 7)" = "\
pg-11 map-11 -
pg-14 map-14 managerImage=$manager
pg-15 - engineImage=Not/A/Name?"
run pdctl get versions -o name
check "names" test "$out" = $'version/pg-11\nversion/pg-14\nversion/pg-15'
check "names come with no other line" test -z "$err"
run pdctl get versions -o json
check "JSON" holds '.observation.state == "FRESH" and (.runtime | startswith("containerd ")) and
    (.versions[1] | .configMap == "map-14" and [.images[] | .key, .presence] == ["engineImage", "PRESENT", "managerImage", "ABSENT"])' "$work/out"
run pdctl get versions -o yaml
check "YAML" contains "$out" "versions:" "  - name: pg-11" "    configMap: map-11"
run pdctl get versions --name pg-15,pg-11,pg-9 -o name
check_run "some of them" 0
check "without one that is not defined" test "$out" = $'version/pg-11\nversion/pg-15'

# ---- why ----

run pdctl why version pg-11
check_run "why a version that is PRESENT" 0
check "says all about it" contains "$out" "version pg-11 is PRESENT: all of its images are on this host" \
    "defined by:     ConfigMap map-11" "runtime:        containerd " " at unix://$(containerd_socket "$runtime")" \
    "image:          engineImage $engine" "presence:     PRESENT since 2" ", not pinned" "FRESH, observed "
check "and that it may go" contains "$out" "-> 2 of 2 images are not pinned: " imageGCHighThresholdPercent \
    io.cri-containerd.pinned=pinned
run pdctl why version pg-14
check_run "why one that is ABSENT" 1
check "says which image, and how to get it" contains "$out" "version pg-14 is ABSENT: 1 of 2 images is not on this host" \
    "-> get it: crictl --runtime-endpoint unix://$(containerd_socket "$runtime") pull $manager"
check "the others may not go yet" lacks "$out" imageGCHighThresholdPercent
run pdctl why version pg-15
check_run "why one that is UNKNOWN" 1
check "says what is wrong with it" contains "$out" "version pg-15 is UNKNOWN: 1 of 1 images cannot be told" \
    "defined by:     not known" "fault:        " "-> correct the image's name where the version is defined"
run pdctl why version pg-14 -o json
check_run "why as JSON has the same exit code" 1
check "and the version alone" holds '[.versions[].name] == ["pg-14"] and .observation.node == "node-1"' "$work/out"
run pdctl why version pg-1
check_run "why one that is not defined" 1
check "names one that is" test "$err" = "pdctl: the cluster defines no version 'pg-1': did you mean 'pg-11'?"
check "and shows nothing" test -z "$out"
run pdctl why version zebra
check "or where they are" test "$err" = "pdctl: the cluster defines no version 'zebra': see 'pdctl get versions'"

# ---- check, watch ----

pdctl watch versions -o json >"$work/events" 2>"$work/events.err" &
watcher=$!
children+=("$watcher")
check "a watch begins with what is there" wait_for 10 seen '.type == "ADDED" and .object.name == "pg-15"' "$work/events"
import_images "$runtime" "$manager"
wait_for 10 cri_has "$runtime" "$manager"
check "an image alone changes nothing" states_are "pg-11 PRESENT,pg-14 ABSENT,pg-15 PRESENCE_UNKNOWN"
run pdctl check versions
check_run "check versions succeeds" 0
check "the table has one line" test "$(sed 's/ *containerd [^ ]* */ containerd /' "$work/out" | tr -s ' ')" = "\
NODE CHECKED PRESENT ABSENT UNKNOWN RUNTIME ERROR
node-1 yes 2 0 1 containerd -"
check "and how many nodes it were" test "$err" = "1 of 1 nodes checked"
check "the check has looked" states_are "pg-11 PRESENT,pg-14 PRESENT,pg-15 PRESENCE_UNKNOWN"
check "the watch tells it" wait_for 10 \
    seen '.type == "MODIFIED" and .object.name == "pg-14" and .object.presence == "PRESENT"' "$work/events"
remove_images "$runtime" "$manager"
wait_for 10 eval "! cri_has '$runtime' '$manager'"
run pdctl check versions -o wide --no-headers
check "wide: names" contains "$out" " pg-11 " " pg-14 " " pg-15 "
check "the watch tells it again" wait_for 10 \
    seen '.type == "MODIFIED" and .object.name == "pg-14" and .object.presence == "ABSENT"' "$work/events"
kill -TERM "$watcher"
wait "$watcher"
check "SIGTERM ends the watch well" test $? = 0
run pdctl check versions -o json
check "a check as JSON" holds '.done and (.nodes | length) == 1 and (.nodes[0] | .node == "node-1" and .checked and
    .present == ["pg-11"] and .absent == ["pg-14"] and .unknown == ["pg-15"] and .error == null)' "$work/out"
check "comes with no other line" test -z "$err"
run pdctl check versions -o yaml
check "as YAML" contains "$out" "nodes:" "  - node: node-1" "    checked: true"
run pdctl watch versions --name pg-14 --for 500ms
check "a watch of some" contains "$out" "ADDED     pg-14" "ABSENT"
check "shows no others" lacks "$out" pg-11

# ---- checks that nobody waits for ----

over() {
    pdctl check versions --operation "$1"
}
run pdctl check versions --no-wait
check_run "a check that nobody waits for" 0
operation=$out
check "has an id, and says what it is for" test "$err" = "see how it stands: pdctl check versions --operation $operation"
check "is over soon" wait_for 10 over "$operation"
run pdctl check versions --operation "$operation" -o json
check "and has found the same" holds ".done and .nodes[0].operationId == \"$operation\" and .nodes[0].absent == [\"pg-14\"]" "$work/out"
run pdctl check versions --no-wait -o json
check_run "its id as JSON" 0
check "is there" holds '.nodes[0].operationId != ""' "$work/out"
run pdctl check versions --operation none
check_run "one that is not remembered" 4
check "is said to be so" contains "$err" "'none'" "(NOT_FOUND)"

# ---- who may ----

chmod 755 "$work"
as_nobody=(setpriv --reuid nobody --regid root --clear-groups)
run "${as_nobody[@]}" pdctl check versions
check_run "a reader may not check" 4
check "and is told so" contains "$err" OPERATOR "(PERMISSION_DENIED)"
run "${as_nobody[@]}" pdctl get versions -o name
check_run "a reader may get" 0
run "${as_nobody[@]}" pdctl check versions --operation "$operation"
check_run "and see how a check stands" 0

# ---- many daemons ----

start_daemon "$work/n2" --node-name node-2 --listen tcp://127.0.0.2:8901 --listen-role operator "${options[@]}"
start_daemon "$work/n3" --node-name node-3 --listen tcp://127.0.0.3:8901 "${options[@]}"
start_daemon "$work/n4" --node-name node-4 --listen tcp://127.0.0.4:8901 --listen-role operator "${options[@]}"
hung=$daemon
for node in n2 n3 n4; do
    apply-versions "ipc://$work/$node/daemon.sock" "${versions[@]}"
done
good=ipc://$dir/daemon.sock,tcp://127.0.0.2:8901
# A daemon that has its versions can be asked; whether it looked already does not matter.
run pdctl check versions --nodes "$good"
check_run "two nodes" 0
check "a line each" test "$(columns 1 2 3 4 5)" = "\
NODE CHECKED PRESENT ABSENT UNKNOWN
node-1 yes 1 1 1
node-2 yes 1 1 1"
check "both were checked" test "$err" = "2 of 2 nodes checked"
run pdctl get versions --nodes "$good" -o name
check "get of many" test "$out" = "$(printf 'node-%s\n' 1/version/pg-1{1,4,5} 2/version/pg-1{1,4,5})"

start_babbler 127.0.0.5
time_run pdctl check versions --nodes "$good" --timeout 2s
undisturbed_ms=$took_ms
kill -STOP "$hung"
all=$good,tcp://127.0.0.3:8901,tcp://127.0.0.4:8901,tcp://127.0.0.5:8901,tcp://127.0.0.6:8901
time_run pdctl check versions --nodes "$all" --timeout 2s
check_run "some that do not answer are a negative answer" 1
check "the good ones are there" contains "$out" "node-1 " "node-2 "
check "one that makes us a reader" grep -q "^tcp://127.0.0.3:8901  *no  *-.*PERMISSION_DENIED: .*--listen-role operator" "$work/out"
check "one that hangs" grep -q "^tcp://127.0.0.4:8901  *no  *-.*DEADLINE_EXCEEDED: " "$work/out"
check "one that talks nonsense" grep -q "^tcp://127.0.0.5:8901  *no  *-  *-  *-  *-  *[A-Z_]*: " "$work/out"
check "one that is not there" grep -q "^tcp://127.0.0.6:8901  *no  *-.*UNAVAILABLE: cannot reach" "$work/out"
check "and how many were checked" test "$err" = "2 of 6 nodes checked"
check "the deadline holds for all together: $took_ms ms, $undisturbed_ms undisturbed" \
    test $((took_ms - undisturbed_ms)) -lt 2500
run pdctl check versions --nodes "$all" --timeout 2s -o json
check_run "the same as JSON" 1
check "has errors" holds '[.nodes[] | .error.code // "OK"] | .[0:4] == ["OK", "OK", "PERMISSION_DENIED", "DEADLINE_EXCEEDED"] and .[5] == "UNAVAILABLE"' "$work/out"
run pdctl check versions --nodes "$good,tcp://127.0.0.6:8901" --no-wait
check_run "checks that nobody waits for" 1
check "an id each" test "$(wc -l <"$work/out")" = 2
check "and one that was not started" contains "$err" "--url tcp://127.0.0.2:8901 --operation " \
    "pdctl: tcp://127.0.0.6:8901: UNAVAILABLE"
check "one of them is over soon" wait_for 10 pdctl check versions --url tcp://127.0.0.2:8901 --operation "$(tail -n 1 "$work/out")"
run script -qec "pdctl check versions --nodes $good" /dev/null
check "on a terminal there is progress" contains "$out" "1 of 2 nodes" "2 of 2 nodes checked"
run pdctl check versions --nodes "$good"
check "elsewhere there is none" test "$err" = "2 of 2 nodes checked"
kill -CONT "$hung"

# ---- a runtime that does not answer ----

kill -STOP "$(<"$runtime/containerd.pid")"
run pdctl check versions --timeout 60s
check_run "a runtime that hangs" 1
check "is told by the daemon" contains "$err" "pdctl: the versions were not checked: unix://$(containerd_socket "$runtime")"
run pdctl check versions --timeout 500ms
check_run "unless nobody waits for that" 5
kill -CONT "$(<"$runtime/containerd.pid")"
check "it is asked again" wait_for 20 pdctl check versions

stop_containerd "$runtime"
run pdctl check versions
check_run "a runtime that is gone" 1
check "is no version that is gone" contains "$err" "pdctl: the versions were not checked: " "(UNAVAILABLE)"
run pdctl get versions
check_run "what was known is shown" 0
check "as such" test "$(columns 1 2 3 4 5 | head -3)" = "\
NAME PRESENCE IMAGES AGE
pg-11 UNKNOWN (was PRESENT) ?/2
pg-14 UNKNOWN (was ABSENT) ?/2"
check "and said to be stale" contains "$err" "STALE for "
run pdctl why version pg-11
check_run "why one that was PRESENT" 1
check "says so" contains "$out" "version pg-11 is UNKNOWN (was PRESENT): 2 of 2 images cannot be told" "STALE for " \
    "-> see that the container runtime runs and where: "
run pdctl check versions --nodes "$good"
check_run "nor do many know" 1
check "and have a line each" test "$(grep -c "no .*UNAVAILABLE: " "$work/out")" = 2
start_containerd "$runtime"
run pdctl check versions
check_run "one that is back is asked again" 0
finish
