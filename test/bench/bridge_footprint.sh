#!/bin/bash
# bridge_footprint: memory and processor time of the bridge at rest, default options, beside
# a real API server and a real daemon.
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly settle_s=35 measure_s=60

start_all
sleep "$settle_s"
cpu_ms=$(bench_cpu_ms "$bridge")
begin_ms=$(bench_now_ms)
sleep "$measure_s"
cpu_ms=$(($(bench_cpu_ms "$bridge") - cpu_ms))
spent_ms=$(($(bench_now_ms) - begin_ms))
need "the bridge has ended" bridge_runs
need "the mirror is not right" mirror_stands
bench_at_most resident "$(bench_memory_mib "$bridge" VmRSS)" MiB 12
bench_report resident_peak "$(bench_memory_mib "$bridge" VmHWM)" MiB
bench_at_most cpu "$(bench_percent "$cpu_ms" "$spent_ms")" "percent of one core" 0.5
bench_finish
