#!/bin/bash
# tcp-proxy, by which the end-to-end tests break connections: it must do what it is told.
# shellcheck disable=SC2317 # functions that are called by name: wait_for, check
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

echo_port=7007

# Sends back what comes; ends a connection when its client has ended it.
perl -MIO::Socket::INET -MIO::Select -e '
    my ($port, $marker) = @ARGV;
    $SIG{PIPE} = "IGNORE"; # a client that is cut off ends its own connection only
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 512, ReuseAddr => 1)
        or die "port $port: $!";
    open(my $ready, ">", $marker) or die $!;
    my $all = IO::Select->new($listener);
    while (my @some = $all->can_read) {
        for my $one (@some) {
            if ($one == $listener) {
                $all->add($listener->accept);
            } elsif (sysread($one, my $bytes, 65536)) {
                my $sent = 0;
                while ($sent < length $bytes) {
                    my $more = syswrite($one, $bytes, length($bytes) - $sent, $sent) or last;
                    $sent += $more;
                }
            } else {
                $all->remove($one);
                close $one;
            }
        }
    }' "$echo_port" "$work/echoing" &
children+=($!)
wait_for 10 test -e "$work/echoing"

mkfifo "$work/commands"
tcp-proxy 0 "$echo_port" <"$work/commands" >"$work/answers" &
proxy=$!
children+=("$proxy")
exec {commands}>"$work/commands"

answered() {
    [ "$(grep -cE '^(ok|error) ' "$work/answers")" -ge "$1" ]
}

# told COMMAND...: its answer
told() {
    local before
    before=$(grep -cE '^(ok|error) ' "$work/answers")
    echo "$*" >&"$commands"
    wait_for 10 answered $((before + 1)) && tail -n 1 "$work/answers"
}

stat_is() {
    told stats >/dev/null
    [ "$(grep ^stats "$work/answers" | tail -n 1 | grep -o "$1=[0-9]*")" = "$1=$2" ]
}

# A client: open leaves $client; say and hear on it.
open_client() {
    exec {client}<>"/dev/tcp/127.0.0.1/$port"
}

close_client() {
    exec {client}>&-
}

say() {
    echo "$1" >&"$client"
}

# hears TEXT: it arrives within SECONDS
hears() {
    local heard
    IFS= read -r -t "${2:-10}" heard <&"$client" && [ "$heard" = "$1" ]
}

# The connection has ended: nothing more can be read, and that is told at once.
is_cut() {
    IFS= read -r -t 10 -N 1 _ <&"$client" 2>/dev/null
    [ $? -eq 1 ]
}

# exchange BYTES: sends that many, ends, and prints what comes back
exchange() {
    perl -MIO::Socket::INET -e '
        my ($port, $count) = @ARGV;
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
        if (!fork) {
            srand 1;
            for (my $sent = 0; $sent < $count; ) {
                my $bytes = pack "L*", map { rand 2 ** 32 } 1 .. 1024;
                $sent += syswrite($socket, $bytes, $count - $sent < 4096 ? $count - $sent : 4096) // last;
            }
            shutdown $socket, 1;
            exit;
        }
        $SIG{ALRM} = sub { die "not all came back" };
        alarm 60;
        while (sysread($socket, my $bytes, 65536)) { print $bytes }' "$port" "$1"
}

expected() {
    perl -e 'srand 1; for (1 .. shift() / 4096) { print pack "L*", map { rand 2 ** 32 } 1 .. 1024 }' "$1"
}

check "it says its port" wait_for 10 grep -q '^port ' "$work/answers"
port=$(awk '$1 == "port" { print $2 }' "$work/answers")

# ---- pass ----

open_client
say one
check "it forwards" hears one
check "it counts" stat_is to-client 4
check "one is open" stat_is open 1
close_client
check "a client that ends is forgotten" wait_for 10 stat_is open 0
exchange $((16 * 1024 * 1024)) >"$work/many"
expected $((16 * 1024 * 1024)) >"$work/expected"
check "all bytes go through, in order, and so does the end" cmp "$work/many" "$work/expected"

# ---- blackhole ----

open_client
say one
check "before the blackhole" hears one
check "blackhole" test "$(told blackhole)" = "ok blackhole"
say two
run hears two 1
check "nothing comes back" test "$status" != 0
old=$client
open_client
check "a new connection is taken" wait_for 10 stat_is open 2
say three
run hears three 1
check "and hears nothing either" test "$status" != 0
check "pass" test "$(told pass)" = "ok pass"
check "then what was held goes on" hears three
close_client
client=$old
check "on both" hears two

# ---- cut, refuse ----

check "cut" test "$(told cut)" = "ok cut"
check "it is cut" is_cut
close_client
check "none is open" stat_is open 0
open_client
say one
check "a new one passes" hears one
told refuse >/dev/null
old=$client
open_client
check "refuse" is_cut
close_client
client=$old
say two
check "one that was there stays" hears two
close_client
told pass >/dev/null

# ---- cut-after ----

told cut-after 10000 >/dev/null
exchange 1048576 >"$work/some" 2>/dev/null
check "exactly so many bytes go through" test "$(stat -c %s "$work/some")" = 10000
check "and those are right" cmp "$work/some" <(head -c 10000 "$work/expected")
exchange 1048576 >"$work/some"
check "it cuts once" test "$(stat -c %s "$work/some")" = 1048576

# ---- delay ----

told delay 400 >/dev/null
open_client
start=${EPOCHREALTIME/[.,]/}
say one
check "delayed" hears one
check "by that time each way" test $((${EPOCHREALTIME/[.,]/} - start)) -ge 790000
told delay 0 >/dev/null
say two
check "no longer" hears two
close_client

# ---- a server that is gone, many clients, wrong commands ----

check "an unknown command" contains "$(told nonsense)" "error there is no command 'nonsense'"
check "a wrong number" contains "$(told delay soon)" "error " soon
mapfile -t many < <(seq 300)
clients=()
for _ in "${many[@]}"; do
    open_client
    clients+=("$client")
done
check "it keeps to its bound" wait_for 10 stat_is open 256
told cut >/dev/null
check "the waiting ones come next" wait_for 10 stat_is open 44
for client in "${clients[@]}"; do
    close_client
done
check "all are forgotten" wait_for 10 stat_is open 0

cpu_ticks() {
    awk '{ print $14 + $15 }' "/proc/$proxy/stat"
}
open_client
say one
check "one more" hears one
told blackhole >/dev/null
before=$(cpu_ticks)
sleep 1
check "idle, it takes no time" test $(($(cpu_ticks) - before)) -le 5
exec {commands}>&-
check "it ends with its input" wait "$proxy"
check "without a leftover" is_cut

run tcp-proxy 0
check_run "too few arguments" 2
run tcp-proxy 0 99999
check_run "no such port" 1
check "and it says so" contains "$err" "tcp-proxy: " 99999
run tcp-proxy "$echo_port" 1 </dev/null
check_run "a port that is taken" 1
check "is named" contains "$err" "cannot listen on port $echo_port: Address already in use"

finish
