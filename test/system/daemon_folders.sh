#!/bin/bash
# The daemon's runtime and state folders: not writable, served by somebody else,
# left behind by a dead daemon, too long; and whose they are without root.
. "$(dirname "$0")/lib.sh"

readonly nobody=65534
dir=$work/run

# Another user must be able to get at the programs and into $work.
chmod 755 "$work"
cp "$BIN_DIR/polarstack-daemon" "$BIN_DIR/pdctl" "$work"

as_nobody=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups)

# refused PART...: the program that ran could not start, and said all PARTs in one line
refused() {
    check_run "exit code" 1
    check "one line" test "$(grep -c '^polarstack-daemon: ' <<<"$err")" = 1
    check "the reason" contains "$err" "$@"
}

owner_of() {
    stat -c %u "$1"
}

mode_of() {
    stat -c %a "$1"
}

epoch() {
    pdctl --runtime-dir "$dir" get ports -o json | jq -r .observation.epoch
}

# ---- not writable ----

mkdir "$work/closed"
chmod 755 "$work/closed"
run "${as_nobody[@]}" timeout 10 "$work/polarstack-daemon" --runtime-dir "$work/closed"
refused "cannot write to the runtime folder '$work/closed': Permission denied" "choose another one with --runtime-dir"
run "${as_nobody[@]}" timeout 10 "$work/polarstack-daemon" --runtime-dir "$work/closed/below"
refused "cannot make the runtime folder '$work/closed/below': Permission denied" "--runtime-dir"
install -d -o "$nobody" "$work/open"
run "${as_nobody[@]}" timeout 10 "$work/polarstack-daemon" --runtime-dir "$work/open" --state-dir "$work/closed"
refused "cannot write to the state folder '$work/closed': Permission denied" "choose another one with --state-dir"
echo "a file" >"$work/file"
run timeout 10 polarstack-daemon --runtime-dir "$work/file"
refused "the runtime folder '$work/file'" "--runtime-dir"

# ---- a path that no socket can have ----

long=$work/$(printf 'x%.0s' {1..100})
run timeout 10 polarstack-daemon --runtime-dir "$long"
refused "socket path '$long/daemon.sock' is too long" "use a shorter folder"
run timeout 10 polarstack-daemon --runtime-dir "$work/$(printf 'x%.0s' {1..250})"
refused "is too long"

# ---- one daemon a folder ----

start_daemon "$dir"
first=$daemon
check "the socket is for its group only" test "$(mode_of "$dir/daemon.sock")" = 660
check "so is the stream's" test "$(mode_of "$dir/daemon.stream.sock")" = 660
read -r pid ticks <"$dir/state/daemon.pid"
check "the pid file names the daemon" test "$pid" = "$first"
check "and when it started" test "$(sed 's/.*) //' "/proc/$first/stat" | cut -d' ' -f20)" = "$ticks"
run timeout 10 polarstack-daemon --runtime-dir "$dir"
refused "'$dir/daemon.sock' is already served by a running daemon (pid $first)" "stop that one first" "--runtime-dir"
check "the first daemon is not disturbed" answers "$dir"
check "nor is its pid file" test "$(<"$dir/state/daemon.pid")" = "$pid $ticks"

# ---- a daemon that had no time to clean up ----

before=$(epoch)
{ kill -KILL "$first" && wait "$first"; } 2>/dev/null
check "a killed daemon leaves its socket" test -S "$dir/daemon.sock"
run pdctl --runtime-dir "$dir" get ports
check_run "nobody answers there" 3
start_daemon "$dir"
check "another daemon takes the stale socket over" answers "$dir"
check "and begins a new epoch" test "$(epoch)" != "$before"
check "it stops" stop_daemon "$daemon"
check "it leaves no socket behind" test ! -e "$dir/daemon.sock" -a ! -e "$dir/daemon.stream.sock"
check "nor a pid file" test ! -e "$dir/state/daemon.pid"
echo "not a socket" >"$dir/daemon.sock"
run polarstack-daemon --runtime-dir "$dir"
check_run "a plain file in the socket's place is not removed" 1
check "the error says what to do" contains "$err" "'$dir/daemon.sock' is in the socket's place and is no socket" "move it away"
check "the file is still there" test "$(<"$dir/daemon.sock")" = "not a socket"

# ---- without root ----

install -d -o "$nobody" -m 700 "$work/xdg"
XDG_RUNTIME_DIR=$work/xdg "${as_nobody[@]}" "$work/polarstack-daemon" 2>>"$work/daemon.log" &
daemon=$!
children+=("$daemon")
check "the user's runtime folder is found" wait_for 20 answers "$work/xdg/polarstack"
check "it is the user's" test "$(owner_of "$work/xdg/polarstack/daemon.sock")" = "$nobody"
run "${as_nobody[@]}" "$work/pdctl" --runtime-dir "$work/xdg/polarstack" get ports
check_run "the user is served" 0
check "it stops as well" stop_daemon "$daemon"

finish
