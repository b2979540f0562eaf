# container_runtime.sh - sourced after lib.sh: container runtimes of the test's own.
#
#   start_containerd DIR [SETTING]   containerd with its root, state and log in DIR; waits until
#                                    CRI answers. Leaves $containerd (its process). DIR is made
#                                    where missing, and kept: images survive a restart.
#                                    SETTING, a line such as 'disabled_plugins = ["cri"]', goes
#                                    into its configuration; without CRI it is not waited for.
#                                    It listens on port 4190, which is none of a database's: one
#                                    runs at a time in a network namespace
#   stop_containerd DIR              by SIGTERM
#   containerd_socket DIR            prints DIR/containerd.sock; as an endpoint: unix://DIR/containerd.sock
#   ctr_in DIR ARGUMENT...           ctr, in the namespace of Kubernetes
#   import_images DIR NAME...        an image for each NAME ("a:1,b:2": one image of two names). NAME
#                                    is a whole name: docker.io/library/a:1
#   remove_images DIR NAME...        as whole names
#   cri_has DIR NAME                 CRI lists it
#   start_dockerd DIR                dockerd with its own containerd; leaves $dockerd
#   stop_dockerd DIR                 by SIGTERM
#   docker_in DIR ARGUMENT...        docker
#   load_images DIR NAME...          as import_images
#
# CRI follows containerd's images by events, a moment later: wait_for 10 cri_has DIR NAME.
# To hang one: kill -STOP "$(<DIR/containerd.pid)". What was started is killed at the end.
# shellcheck shell=bash disable=SC2034,SC2154

containerd_socket() {
    echo "$1/containerd.sock"
}

# cri_call DIR METHOD: what it answers, with the trailers, as text of some sort
cri_call() {
    # The frame of an empty message: a flag and four bytes of length.
    head -c 5 /dev/zero |
        curl -s -i -m 5 --http2-prior-knowledge --unix-socket "$(containerd_socket "$1")" --data-binary @- \
            -H 'content-type: application/grpc' -H 'te: trailers' -o - "http://localhost/runtime.v1.$2" | tr '\0' '\n'
}

cri_answers() {
    cri_call "$1" ImageService/ListImages | grep -aq 'grpc-status: 0'
}

cri_has() {
    cri_call "$1" ImageService/ListImages | grep -aqF "$2"
}

ctr_in() {
    local dir=$1
    shift
    ctr --address "$(containerd_socket "$dir")" --namespace k8s.io "$@"
}

start_containerd() {
    local dir=$1 ready=cri_answers
    mkdir -p "$dir"
    cat >"$dir/config.toml" <<END
version = 2
root = "$dir/root"
state = "$dir/state"
${2-}
[grpc]
  address = "$(containerd_socket "$dir")"
[ttrpc]
  address = "$dir/ttrpc.sock"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_port = "4190"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$dir/cni"
    conf_dir = "$dir/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/opt"
END
    containerd --config "$dir/config.toml" >>"$dir/log" 2>&1 &
    containerd=$!
    children+=("$containerd")
    echo "$containerd" >"$dir/containerd.pid"
    [[ ${2-} != *cri* ]] || ready='ctr_in'
    if [ "$ready" = ctr_in ]; then
        wait_for 30 ctr_in "$dir" version
    else
        wait_for 30 cri_answers "$dir"
    fi || {
        echo "containerd does not answer:" >&2
        tail "$dir/log" >&2
        exit 1
    }
}

stop_process_of() {
    local pid
    pid=$(<"$1")
    kill -CONT "$pid"
    kill -TERM "$pid"
    wait "$pid" 2>/dev/null
    rm -f "$1"
}

stop_containerd() {
    stop_process_of "$1/containerd.pid"
}

import_images() {
    local dir=$1
    shift
    image-archive "$dir/images.tar" "$@" &&
        ctr_in "$dir" images import --snapshotter native "$dir/images.tar" >/dev/null
}

remove_images() {
    local dir=$1
    shift
    ctr_in "$dir" images rm "$@" >/dev/null
}

docker_in() {
    local dir=$1
    shift
    docker --host "unix://$dir/docker.sock" "$@"
}

start_dockerd() {
    local dir=$1
    mkdir -p "$dir"
    echo '{}' >"$dir/daemon.json"
    dockerd --host "unix://$dir/docker.sock" --data-root "$dir/data" --exec-root "$dir/exec" \
        --pidfile "$dir/dockerd.pid" --config-file "$dir/daemon.json" --iptables=false --ip6tables=false \
        --bridge=none --storage-driver=vfs >>"$dir/log" 2>&1 &
    dockerd=$!
    children+=("$dockerd")
    wait_for 30 docker_in "$dir" version || {
        echo "dockerd does not answer:" >&2
        tail "$dir/log" >&2
        exit 1
    }
}

stop_dockerd() {
    stop_process_of "$1/dockerd.pid"
}

load_images() {
    local dir=$1
    shift
    image-archive "$dir/images.tar" "$@" && docker_in "$dir" load --quiet --input "$dir/images.tar" >/dev/null
}
