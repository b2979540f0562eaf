#!/bin/bash
# The documentation holds: the examples of the wire protocol encode and decode
# as shown, and each command line in a console block runs and prints what the
# page says. A line "..." stands for any number of lines, "..." within a line
# for anything. The scripts of the checkout install, build and take minutes:
# they are asked for their help instead; CI itself runs them.
# shellcheck source=test/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/support/console.sh
. "$(dirname "$0")/../support/console.sh"
# shellcheck source=test/support/container_runtime.sh
. "$(dirname "$0")/../support/container_runtime.sh"
source_dir=${SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$source_dir" || exit 1

protobuf() {
    protoc -I proto -I /usr/include "$1=$2" polarrpc/v1/envelope.proto polarstack/v1/port_usage.proto
}

# Checks the pair that TEXT and HEX hold, as the message type NAME.
check_pair() {
    local name=$1 text=$2 hex=$3 encoded decoded
    encoded=$(protobuf --encode "$name" <<<"$text" | xxd -p | tr -d '\n')
    check "$name encodes as shown" test "$encoded" = "$(tr -d ' \n' <<<"$hex")"
    decoded=$(xxd -r -p <<<"$hex" | protobuf --decode "$name")
    check "$name decodes as shown" test "$decoded" = "$text"
}

check_examples() {
    local line block='' name='' text='' hex=''
    while IFS= read -r line; do
        case $block:$line in
        :'```textproto '*)
            block=text name=${line##* } text=
            ;;
        :'```hex')
            block=hex hex=
            ;;
        hex:'```')
            block=
            check_pair "$name" "$text" "$hex"
            ;;
        text:'```' | other:'```')
            block=
            ;;
        :'```'*)
            block=other
            ;;
        text:*)
            text+=${text:+$'\n'}$line
            ;;
        hex:*)
            hex+=$line' '
            ;;
        esac
    done <"$1"
}

check_command() {
    local page=$1 command=$2 expected=$3
    case $command in
    scripts/*) command="${command%% *} --help" expected= ;;
    pkg-config*) command="PKG_CONFIG_PATH=$BIN_DIR/../client $command" ;;
    esac
    run bash -c "set -o pipefail; $command"
    check_run "$page: $command" 0
    [ -z "$expected" ] || matches "$out" "$expected" || printf 'printed: %s\n' "$out" >&2
    [ -z "$expected" ] || check "$page: what '$command' prints" matches "$out" "$expected"
}

# As on a node of a cluster: a container runtime, and versions that need its images.
start_containerd "$work/containerd"
import_images "$work/containerd" docker.io/polardb/polardb_pg_{engine_release,manager}:1.0.1 \
    docker.io/polardb/polardb_pg_engine_release:1.0.2
start_daemon "$work/run" --runtime-endpoint "unix://$(containerd_socket "$work/containerd")"
export POLARSTACK_RUNTIME_DIR=$work/run
definitions=()
for version in 1.0.1 1.0.2; do
    definitions+=("polardb-wrm-$version/polardb-wrm-$version" "pgEngineImage=polardb/polardb_pg_engine_release:$version"
        "pgManagerImage=polardb/polardb_pg_manager:$version")
done
has_looked() {
    pdctl get versions -o json | jq -e '[.versions[].presence] == ["PRESENT", "ABSENT"]'
}
wait_for 10 cri_has "$work/containerd" polardb_pg_engine_release:1.0.2
apply-versions "ipc://$work/run/daemon.sock" "${definitions[@]}"
check "the daemon has looked for the versions" wait_for 20 has_looked
check_examples docs/wire-protocol.md
check "the wire protocol has examples" test "$passed" -ge 12
for page in README.md CONTRIBUTING.md docs/*.md; do
    check_console "$page" console
done
check "the pages have commands" test "$passed" -ge 28
finish
