# lib.sh - sourced by the benches that are scripts.
# All of test/e2e/lib.sh is there, too (start_cluster, start_bridge, wait_for, audit_count …).
#
#   bench_report METRIC VALUE UNIT         {"bench":…,"metric":…,"value":…,"unit":…}
#   bench_at_most METRIC VALUE UNIT BAR    the same with "bar" and "ok"
#   bench_finish                           ends the script: exit code 1 when a bar was missed
#   need WHAT COMMAND...                   ends it with a message when COMMAND fails: no number
#                                          is better than one of something that does not work
#   bench_memory_mib PID LINE              of /proc/PID/status: VmRSS, VmHWM
#   bench_cpu_ms PID                       processor time so far
#   bench_percent BUSY_MS SPENT_MS         of one core
#   bench_now_ms                           monotonic
#   bench_percentile SHARE FILE            of a file with a number a line; as test/support/bench.h
# shellcheck shell=bash disable=SC2119

# shellcheck source=test/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

bench=$(basename "$0" .sh)
bench_missed=false

bench_report() {
    jq -cn --arg bench "$bench" --arg metric "$1" --argjson value "$2" --arg unit "$3" '$ARGS.named'
}

bench_at_most() {
    jq -cn --arg bench "$bench" --arg metric "$1" --argjson value "$2" --arg unit "$3" --argjson bar "$4" \
        '$ARGS.named + {ok: ($value <= $bar)}' | tee "$work/object"
    grep -q '"ok":true' "$work/object" || bench_missed=true
}

bench_finish() {
    [ "$bench_missed" = false ]
    exit
}

need() {
    local what=$1
    shift
    "$@" && return
    echo "bench $bench: failed: $what" >&2
    [ ! -e "$work/bridge.log" ] || tail -n 20 "$work/bridge.log" >&2
    exit 2
}

bench_memory_mib() {
    awk -v line="$2:" '$1 == line { printf "%.2f\n", $2 / 1024 }' "/proc/$1/status"
}

# Fields 14 and 15, counted from behind the name, which may hold anything. Threads that
# have ended are in it.
bench_cpu_ms() {
    sed 's/.*) //' "/proc/$1/stat" | awk -v hertz="$(getconf CLK_TCK)" '{ printf "%d\n", ($12 + $13) * 1000 / hertz }'
}

bench_percent() {
    awk -v busy="$1" -v spent="$2" 'BEGIN { printf "%.3f\n", 100 * busy / spent }'
}

bench_now_ms() {
    awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

bench_percentile() {
    sort -n "$2" | awk -v share="$1" '{ value[NR] = $1 }
        END { i = int(share * NR); print value[i < NR ? i + 1 : NR] }'
}

# ---- what these benches share ----

mirror_stands() {
    ports_state_is FRESH && condition NodeRefreshFlag >/dev/null
}

# A daemon, an API server and a bridge with its default options that has done what it
# does at its start.
start_all() {
    start_cluster
    start_bridge
    need "the mirror was not written" wait_for 60 mirror_stands
}

bridge_runs() {
    kill -0 "$bridge"
}
