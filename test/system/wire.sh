#!/bin/bash
# Programs that know nothing of this project speak its wire format: nngcat (nng)
# and nanocat (nanomsg, another implementation) carry bodies that protoc encodes
# and decodes. Then nngcat sends what is no request at all, in masses, while
# others go on being served.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

: "${SOURCE_DIR:?name the folder of the sources}"
dir=$work/run
requests=ipc://$dir/daemon.sock
streams=ipc://$dir/daemon.stream.sock
readonly port=30010 topic=polarstack.v1.PortUsage
readonly method=/polarstack.v1.PortUsageService/GetPortUsage

# ---- protobuf ----

# Both from standard input to standard output.
encode() {
    protoc -I "$SOURCE_DIR/proto" --encode="$1" "polarrpc/v1/envelope.proto" "polarstack/v1/port_usage.proto"
}

decode() {
    protoc -I "$SOURCE_DIR/proto" --decode="$1" "polarrpc/v1/envelope.proto" "polarstack/v1/port_usage.proto"
}

# Bytes from standard input as the text format's string.
as_string() {
    xxd -p -c1 | sed 's/^/\\x/' | tr -d '\n'
}

# The bytes of the string field NAME in the text from standard input.
field_bytes() {
    perl -ne '
        next unless /^\s*'"$1"': "(.*)"$/;
        my %named = (n => "\n", r => "\r", t => "\t");
        my $bytes = $1;
        $bytes =~ s/\\([0-7]{3}|.)/length($1) == 3 ? chr(oct($1)) : $named{$1} \/\/ $1/ges;
        print $bytes'
}

# request METHOD PAYLOAD-FILE: a packed Request
request() {
    printf 'method: "%s" call_id: 7 timeout_ms: 5000 payload: "%s"' "$1" "$(as_string <"$2")" |
        encode polarrpc.v1.Request
}

# ---- requests ----

# ask PROGRAM BODY-FILE: the Response as text
ask() {
    case $1 in
    nngcat) nngcat --req0 --dial "$requests" --recv-timeout 5 --raw --file "$2" ;;
    nanocat) nanocat --req --connect "$requests" --recv-timeout 5 --raw --file "$2" ;;
    esac | decode polarrpc.v1.Response
}

# gets_the_ports PROGRAM: the answer holds the listener, and nothing outside the range
gets_the_ports() {
    run ask "$1" "$work/get.request"
    check "$1: the response repeats the call_id" contains "$out" "call_id: 7"
    check "$1: its code is OK" lacks "$out" "code:"
    run decode polarstack.v1.PortUsage < <(field_bytes payload <<<"$out")
    check_run "$1: the payload is a PortUsage" 0
    check "$1: with the listener" contains "$out" "port: $port" "class: LISTENING" "state: FRESH"
    check "$1: and no port outside the range" test "$(grep -c '^ports {' <<<"$out")" = 1
}

# refused CODE TEXT BODY-FILE
refused() {
    run ask nngcat "$3"
    check "refused with code $1" contains "$out" "code: $1"$'\n' "$2"
}

# ---- streams ----

# follow PROGRAM: one line a message, "\x70\x6f…"
follow() {
    case $1 in
    nngcat) exec nngcat --sub0 --dial "$streams" --subscribe "$topic" --hex ;;
    nanocat) exec nanocat --sub --connect "$streams" --subscribe "$topic" --hex ;;
    esac
}

# Prints the messages of LINES-FILE as text; fails when one does not begin with
# the topic and a zero byte.
decode_events() {
    local line
    while read -r line; do
        line=${line//\"/}
        printf '%b' "$line" >"$work/message"
        cmp -s -n $((${#topic} + 1)) "$work/message" <(printf '%s\0' "$topic") || return 1
        tail -c +$((${#topic} + 2)) "$work/message" | decode polarrpc.v1.Event || return 1
    done < <(grep '^"' "$1")
}

# The ports that the deltas in EVENTS-FILE changed or removed.
delta_ports() {
    local kind payload
    while read -r kind && read -r payload; do
        if [ "$kind" = "kind: DELTA" ]; then
            field_bytes payload <<<"$payload" | decode polarrpc.v1.Delta |
                while read -r line; do
                    name=${line%%:*}
                    field_bytes "$name" <<<"$line" | decode polarstack.v1.PortUsage | sed -n "s/^  port: /$name /p"
                done
        fi
    done < <(grep -E '^(kind|payload):' "$1")
}

# shows WHAT PROGRAM: its stream has a delta with "changed 30010"
shows() {
    decode_events "$work/$2.lines" >"$work/$2.events" || return 1
    delta_ports "$work/$2.events" | grep -qx "$1"
}

# A subscriber is in place when the first heartbeat has come.
has_messages() {
    [ -s "$work/$1.lines" ]
}

# ---- what is no request ----

# flood SIZE: random bodies of less than SIZE bytes, one connection each; 100 of
# them, and on until the others have been served.
flood() {
    local count=0 body=$work/random.$BASHPID
    until [ "$count" -ge 100 ] && [ -e "$work/served.all" ]; do
        count=$((count + 1))
        head -c $((RANDOM % $1)) /dev/urandom >"$body"
        nngcat --req0 --dial "$requests" --recv-timeout 5 --raw --file "$body" >"$body.response" || echo "no answer" >&2
        decode polarrpc.v1.Response <"$body.response" | grep -q '^code: [1-9]' || {
            echo "answered without an error: $(xxd -p "$body" | tr -d '\n')" >&2
            return 1
        }
    done
}

# serves_during PID: each call is made while PID floods.
serves_during() {
    local call
    for call in 1 2 3 4 5; do
        pdctl --runtime-dir "$dir" --timeout 5s get ports -o json >"$work/served" || return 1
        kill -0 "$1" || return 1
        echo "call $call was answered during the flood"
    done
}

is_listed() {
    pdctl --runtime-dir "$dir" get ports -o name | grep -q "$1"
}

# A change travels as a DELTA when that is smaller than the whole: keep some
# more ports in use.
for other in 31001 31002 31003 31004; do
    start_listener "$other"
done
start_daemon "$dir" --port-listen-period 100ms
start_listener "$port"
check "the port is seen" wait_for 10 is_listed "$port"

printf 'ranges { first: 30000 last: 30999 }' | encode polarstack.v1.GetPortUsageRequest >"$work/get.payload"
request "$method" "$work/get.payload" >"$work/get.request"
gets_the_ports nngcat
gets_the_ports nanocat

printf '\377\377\377' >"$work/garbage"
request /no.such.Service/Method "$work/get.payload" >"$work/unknown.request"
request "$method" "$work/garbage" >"$work/garbage.request"
refused 12 /no.such.Service/Method "$work/unknown.request"
refused 3 "not a valid polarstack.v1.GetPortUsageRequest" "$work/garbage.request"
refused 3 "" "$work/garbage"

for program in nngcat nanocat; do
    follow "$program" >"$work/$program.lines" 2>"$work/$program.err" &
    children+=($!)
done
for program in nngcat nanocat; do
    check "$program receives" wait_for 10 has_messages "$program"
done
stop_listener "$listener"
for program in nngcat nanocat; do
    check "$program sees the port go" wait_for 10 shows "removed $port" "$program"
done
start_listener "$port"
for program in nngcat nanocat; do
    check "$program sees the port come" wait_for 10 shows "changed $port" "$program"
    check "$program hears heartbeats" grep -q '^kind: HEARTBEAT' "$work/$program.events"
done

# Every truncation of a good request is answered, whole or refused.
size=$(stat -c %s "$work/get.request")
unanswered=0
for ((length = 0; length < size; length++)); do
    head -c "$length" "$work/get.request" >"$work/truncated"
    [ -n "$(nngcat --req0 --dial "$requests" --recv-timeout 5 --hex --file "$work/truncated")" ] ||
        unanswered=$((unanswered + 1))
done
check "truncated requests are answered" test "$unanswered" = 0

# More than a body may have: the connection ends, nobody else notices.
head -c 2000000 /dev/zero >"$work/oversized"
run nngcat --req0 --dial "$requests" --recv-timeout 1 --hex --file "$work/oversized"
check "an oversized request gets no answer" test -z "$out"

(flood 64 & flood 4096 & wait -n && wait -n) 2>"$work/flood.err" &
flooder=$!
children+=("$flooder")
check "others are served during a flood of random bodies" serves_during "$flooder"
touch "$work/served.all"
check "each random body is refused: $(head -c 2000 "$work/flood.err")" wait "$flooder"
check "the daemon has not been restarted" kill -0 "$daemon"
gets_the_ports nngcat
check "it stops well" stop_daemon "$daemon"

finish
