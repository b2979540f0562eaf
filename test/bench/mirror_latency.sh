#!/bin/bash
# mirror_latency: from listen() on a port of the cluster's ranges to the ConfigMap as
# 'kubectl get -w' shows it, default periods, at random phases of the scanner's period.
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly agent=polarstack-bridge samples=120

# Prints the milliseconds of each sample. The pause is as long as the scanner's period, and
# begins after a change that was seen: the listener comes at any time between two scans.
measure() {
    perl -MIO::Socket::INET -MIO::Select -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC,sleep -e '
        use strict;
        my ($samples, @kubectl) = @ARGV;
        my $pid = open(my $watch, "-|", @kubectl) or die "kubectl: $!";
        my $select = IO::Select->new($watch);
        my $unread = "";
        sub next_line {
            until ($unread =~ /\n/) {
                $select->can_read(20) or die "nothing was seen for 20 s\n";
                sysread($watch, $unread, 65536, length $unread) or die "the watch has ended\n";
            }
            (my $line, $unread) = split(/\n/, $unread, 2);
            return $line;
        }
        next_line();
        for my $i (1 .. $samples) {
            my $port = 30100 + $i;
            sleep(rand(0.5));
            my $begin = clock_gettime(CLOCK_MONOTONIC);
            my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 1)
                or die "port $port: $!";
            1 while next_line() !~ /\b$port\b/;
            printf "%.1f\n", 1000 * (clock_gettime(CLOCK_MONOTONIC) - $begin);
            close($listener);
            1 while next_line() =~ /\b$port\b/;
        }
        kill("TERM", $pid);
    ' "$samples" kubectl --kubeconfig "$kube/admin.kubeconfig" -n kube-system get configmap "$ports_map" \
        --watch -o 'jsonpath={.data}{"\n"}'
}

# How long the API server took for each write, in milliseconds.
write_times() {
    audit_requests "$1" "$agent" '.[] | select(.verb == "patch" and .objectRef.resource == "configmaps")
        | [.requestReceivedTimestamp, .stageTimestamp | (.[0:19] + "Z" | fromdate) + (.[19:-1] | tonumber)]
        | (.[1] - .[0]) * 1e4 | round / 10'
}

start_all
mark=$(audit_mark)
need "measure" measure >"$work/latencies"
need "samples are missing" test "$(wc -l <"$work/latencies")" -ge 100
write_times "$mark" >"$work/writes"
bench_report p50 "$(bench_percentile 0.5 "$work/latencies")" ms
bench_at_most p99 "$(bench_percentile 0.99 "$work/latencies")" ms 1500
bench_report api_write_p50 "$(bench_percentile 0.5 "$work/writes")" ms
bench_report api_write_p99 "$(bench_percentile 0.99 "$work/writes")" ms
bench_finish
