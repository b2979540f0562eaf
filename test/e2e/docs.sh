#!/bin/bash
# The README's section on Kubernetes works as written, from nothing to a ConfigMap and
# back, with the programs that scripts/run builds.
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/support/console.sh
. "$(dirname "$0")/../support/console.sh"
in_own_network "$@"
cd "$SOURCE_DIR" || exit 1

# Nothing of the user's own is touched: a folder and a home of the test's.
export XDG_RUNTIME_DIR=$work/runtime POLARSTACK_RUNTIME_DIR=$work/run
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}
mkdir -p "$XDG_RUNTIME_DIR"
PATH=$SOURCE_DIR/build/release/bin:$PATH

stop_all() {
    scripts/run --stop >/dev/null
    scripts/kube-testenv down >/dev/null
}
at_end+=(stop_all)

# lib.sh has its own.
kubectl() {
    command kubectl "$@"
}

says() {
    eval "$1" >"$work/said" 2>"$work/said.err" && matches "$(<"$work/said")" "$2"
}

# What only looks may be repeated: a reader's second look counts, too.
check_command() {
    local seconds=0
    if [[ $2 == export* ]]; then
        eval "$2"
        return
    fi
    [[ $2 != pdctl* && $2 != *' get '* ]] || seconds=30
    check "$1: $2" wait_for "$seconds" says "$2" "$3"
}

check_console README.md 'console kubernetes'
check "the section has commands" test "$passed" -ge 9
finish
