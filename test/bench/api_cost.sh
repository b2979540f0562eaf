#!/bin/bash
# api_cost: what one bridge asks of the API server while nothing changes, default options.
# Watches, which the server ends after some minutes each, are told apart.
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly agent=polarstack-bridge settle_s=30 measure_s=300

versions_stand() {
    kubectl -n kube-system get configmap "$versions_map" >/dev/null 2>&1
}

start_runtime
start_all
need "the versions were not written" wait_for 30 versions_stand
sleep "$settle_s"
before=$(ports_annotation written-at)
mark=$(audit_mark)
sleep "$measure_s"
need "the bridge has ended" bridge_runs
need "no sign of life was written" test "$(ports_annotation written-at)" '!=' "$before"
audit_show "$mark" "$agent" >&2
bench_at_most requests "$(audit_count "$mark" "$agent")" "requests in 5 minutes" 2
bench_report watches_ended "$(audit_count "$mark" "$agent" watch)" "requests in 5 minutes"
bench_finish
