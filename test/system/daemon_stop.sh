#!/bin/bash
# Stopping: by SIGTERM and SIGINT, at rest and under a flood of calls; what was
# accepted is answered, the rest is told at once.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"

dir=$work/run
readonly callers=6 limit_s=7

# call_until_stopped NAME: calls without a pause, and writes down each outcome
call_until_stopped() {
    while [ ! -e "$work/enough" ]; do
        code=0
        pdctl --runtime-dir "$dir" --timeout 3s get ports -o json >"$work/$1.json" 2>"$work/$1.err" || code=$?
        echo "$code" >>"$work/$1.codes"
        case $code in
        0 | 3) ;;
        *) cat "$work/$1.err" >>"$work/$1.unclean" ;;
        esac
    done
}

flood() {
    local i
    rm -f "$work/enough"
    for ((i = 0; i < callers; i++)); do
        call_until_stopped "caller$i" &
        children+=($!)
        flooders[i]=$!
    done
}

end_flood() {
    touch "$work/enough"
    wait "${flooders[@]}"
}

codes() {
    cat "$work"/caller*.codes
}

has_answers() {
    [ "$(codes | grep -cx 0)" -ge "$1" ]
}

# Exit code 0: answered; 3: there was nobody to connect to any more. A call that
# was cut off would be 4 or 5, or end in timeout's 124.
only_clean_outcomes() {
    ! codes | grep -qvxE '0|3'
}

for signal in TERM INT; do
    # A shell's background process ignores SIGINT unless it is told otherwise.
    env --default-signal=INT polarstack-daemon --runtime-dir "$dir" 2>>"$work/daemon.log" &
    daemon=$!
    children+=("$daemon")
    check "it answers" wait_for 20 answers "$dir"
    began=$SECONDS
    kill -"$signal" "$daemon"
    check "SIG$signal ends it with exit code 0" wait "$daemon"
    check "at once, when it is at rest" test $((SECONDS - began)) -le 2
    check "it says why it stops" contains "$(<"$work/daemon.log")" "stopping signal=$signal"
done

for round in 1 2 3; do
    rm -f "$work"/caller*
    start_daemon "$dir"
    flooders=()
    flood
    check "round $round: calls are answered" wait_for 20 has_answers $((callers * 5))
    began=$SECONDS
    check "round $round: it stops well amid calls" stop_daemon "$daemon"
    check "round $round: within the grace time" test $((SECONDS - began)) -le "$limit_s"
    check "round $round: then nobody is there" wait_for 10 grep -qx 3 "$work/caller0.codes"
    end_flood
    check "round $round: each call was answered or refused, none cut off: $(codes | sort | uniq -c | xargs) $(cat "$work"/caller*.unclean 2>/dev/null)" \
        only_clean_outcomes
done

# A watcher keeps a connection open: that delays nobody.
start_daemon "$dir"
pdctl --runtime-dir "$dir" watch ports >"$work/watch" 2>&1 &
watcher=$!
children+=("$watcher")
check "a watch runs" wait_for 10 test -s "$work/watch"
began=$SECONDS
check "it stops while it is watched" stop_daemon "$daemon"
check "without waiting for the watcher" test $((SECONDS - began)) -le 2
check "the watcher goes on" kill -0 "$watcher"

finish
