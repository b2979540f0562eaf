#!/bin/bash
# link_condition: from the call that sets the client NIC down to the Node's condition as
# 'kubectl get -w' shows it.
# shellcheck source=test/bench/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

readonly samples=120

# Prints the milliseconds of each sample.
measure() {
    perl -MSocket -MIO::Select -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC,sleep -e '
        use strict;
        my ($samples, @kubectl) = @ARGV;
        my ($get_flags, $set_flags, $up_flag) = (0x8913, 0x8914, 1); # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
        my $pid = open(my $watch, "-|", @kubectl) or die "kubectl: $!";
        my $select = IO::Select->new($watch);
        my $unread = "";
        sub wait_for {
            my ($wanted) = @_;
            for (;;) {
                until ($unread =~ /\n/) {
                    $select->can_read(20) or die "$wanted was not seen for 20 s\n";
                    sysread($watch, $unread, 65536, length $unread) or die "the watch has ended\n";
                }
                (my $line, $unread) = split(/\n/, $unread, 2);
                return if $line eq $wanted;
            }
        }
        socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die $!;
        sub set_up {
            my $request = pack("a16 s x14", "bond0", 0);
            ioctl($socket, $get_flags, $request) or die "bond0: $!";
            my $flags = (unpack("a16 s", $request))[1];
            $flags = $_[0] ? $flags | $up_flag : $flags & ~$up_flag;
            ioctl($socket, $set_flags, pack("a16 s x14", "bond0", $flags)) or die "bond0: $!";
        }
        wait_for("False");
        for (1 .. $samples) {
            sleep(0.5 + rand(0.3));
            my $begin = clock_gettime(CLOCK_MONOTONIC);
            set_up(0);
            wait_for("True");
            printf "%.1f\n", 1000 * (clock_gettime(CLOCK_MONOTONIC) - $begin);
            set_up(1);
            wait_for("False");
        }
        kill("TERM", $pid);
    ' "$samples" kubectl --kubeconfig "$kube/admin.kubeconfig" get node node-1 --watch -o \
        'jsonpath={.status.conditions[?(@.type=="NodeClientNetworkUnavailable")].status}{"\n"}'
}

network_stands() {
    condition NodeClientNetworkUnavailable | jq -e '.status == "False"'
}

start_all
ip link add bond0 type veth peer name peer0
ip link set peer0 up && ip link set bond0 up
stop_daemon "$daemon"
start_daemon "$dir" --node-name node-1 --net-up-delay 50ms
need "the condition was not written" wait_for 60 network_stands
need "measure" measure >"$work/latencies"
need "samples are missing" test "$(wc -l <"$work/latencies")" -ge 100
bench_report p50 "$(bench_percentile 0.5 "$work/latencies")" ms
bench_at_most p99 "$(bench_percentile 0.99 "$work/latencies")" ms 300
bench_finish
