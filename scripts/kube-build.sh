# shellcheck shell=bash disable=SC2154 # lib.sh sets root
# Where kube-testenv's API server comes from: built once from Debian's source
# package, since Debian has no binary of it, and kept outside the checkout.
# Sourced after lib.sh.
#
#   api_server          prints the program's path; fails when it is not built yet
#   build_api_server    builds it when it is missing
#
# KUBE_APISERVER names another program to use.

readonly kube_version=1.20.2
readonly kube_build_mb=3000 progress_seconds=20

cache_folder() {
    if [[ -n ${XDG_CACHE_HOME-} ]]; then
        echo "$XDG_CACHE_HOME/polarstack"
    elif [[ -n ${HOME-} ]]; then
        echo "$HOME/.cache/polarstack"
    else
        echo /var/cache/polarstack
    fi
}

api_server() {
    local program
    if [[ -n ${KUBE_APISERVER-} ]]; then
        program=$(command -v -- "$KUBE_APISERVER") || return
    else
        program=$(cache_folder)/kube-apiserver-$kube_version-$(uname -m)
        [[ -x $program ]] || return 1
    fi
    echo "$program"
}

# What the log says is being done, in its last words.
latest_step() {
    awk '/^(\+\+\+|==>) / { sub(/^[+=>]+ (\[[^]]*\] )?/, ""); step = $0 }
        /^    [^ ]/ && step ~ /:$/ { sub(/^ *(\.\/)?(vendor\/)?/, ""); target = " " $0; next }
        /^(\+\+\+|==>) |:$/ { target = "" }
        END { print substr(step target, 1, 100) }' "$1"
}

# with_progress LOG COMMAND...: its output goes to LOG; a line now and then tells
# how far it is, and the end of LOG why it failed.
with_progress() {
    local log=$1 start=$SECONDS worker
    shift
    set -m # a process group of its own, so that an interrupt ends all of it
    ("$@") >"$log" 2>&1 </dev/null &
    worker=$!
    set +m
    trap 'kill -TERM -- "-$worker" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$worker" 2>/dev/null; do
        # Ends early when the work is done; in the background, so that a signal is heard.
        timeout "$progress_seconds" tail --pid="$worker" -s 0.5 -f /dev/null {lock}>&- &
        wait $! || true
        if kill -0 "$worker" 2>/dev/null; then
            note "building kube-apiserver, $((SECONDS - start)) s so far: $(latest_step "$log")"
        fi
    done
    trap - INT TERM
    wait "$worker" || {
        tail -n 30 "$log" >&2
        die "cannot build kube-apiserver: above is the end of $log"
    }
    note "built kube-apiserver in $((SECONDS - start)) s"
}

# The machine's own package sources, with their source packages instead.
source_entries() {
    local folder=$1 file
    mkdir -p "$folder/parts"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -f $file ]] || continue
        sed -nE 's/^[[:blank:]]*deb[[:blank:]]/deb-src /p' "$file" >"$folder/parts/$(basename "$file" .list).list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -f $file ]] || continue
        sed -E 's/^Types:.*/Types: deb-src/I' "$file" >"$folder/parts/${file##*/}"
    done
}

# apt FOLDER COMMAND...: apt-get with settings and lists of its own in FOLDER.
apt_of() {
    local folder=$1
    shift
    apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)" -o Dir::Etc::SourceList=/dev/null \
        -o Dir::Etc::SourceParts="$folder/parts" -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@"
}

# Leaves the unpacked sources in FOLDER/source. One of the machine's package
# sources may have no source packages: what counts is that one has these.
fetch_sources() {
    local folder=$1
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    source_entries "$folder"
    echo "==> asking the package sources"
    apt_of "$folder" update || true
    echo "==> fetching the source package"
    (cd "$folder" && apt_of "$folder" --download-only source kubernetes) ||
        die "cannot fetch Debian's source package 'kubernetes': check /etc/apt and the network, or set KUBE_APISERVER"
    echo "==> unpacking"
    (cd "$folder" && dpkg-source --no-check -x kubernetes_*.dsc source)
}

# The version that the program tells; its build looks for it in git otherwise.
write_version() {
    cat <<END
KUBE_GIT_COMMIT=
KUBE_GIT_TREE_STATE=archive
KUBE_GIT_VERSION=v$kube_version
KUBE_GIT_MAJOR=$(cut -d. -f1 <<<$kube_version)
KUBE_GIT_MINOR=$(cut -d. -f2 <<<$kube_version)
END
}

# Nothing is fetched here, and nothing written outside FOLDER.
compile_sources() {
    local folder=$1 source=$1/source
    grep -q "^kubernetes (.*$kube_version" "$source/debian/changelog" ||
        die "Debian's kubernetes is no longer $kube_version: set kube_version in scripts/kube-build.sh"
    mkdir -p "$folder/home" "$folder/tmp"
    write_version >"$folder/version"
    cd "$source" || return
    env -u GOPATH -u GOFLAGS -u GOROOT -u XDG_CACHE_HOME -u MAKEFLAGS HOME="$folder/home" TMPDIR="$folder/tmp" \
        GOCACHE="$folder/home/go-build" GOPROXY=off GO111MODULE=off CGO_ENABLED=0 \
        KUBE_GIT_VERSION_FILE="$folder/version" \
        nice -n 10 make WHAT=cmd/kube-apiserver
}

# make_api_server FOLDER PROGRAM
make_api_server() {
    local folder=$1 program=$2 made=$1/source/_output/bin/kube-apiserver
    "$root/scripts/setup" --kube-build
    fetch_sources "$folder"
    compile_sources "$folder"
    [[ $("$made" --version) == "Kubernetes v$kube_version" ]] || die "what was built does not run as v$kube_version"
    mv "$made" "$program.new"
    mv "$program.new" "$program"
}

enough_space() {
    local free_mb
    free_mb=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
    ((free_mb >= kube_build_mb)) ||
        die "building kube-apiserver takes $kube_build_mb MB in $1, and $free_mb MB are free: set XDG_CACHE_HOME"
}

build_api_server() {
    local cache program log folder
    api_server >/dev/null && return
    [[ -z ${KUBE_APISERVER-} ]] || die "KUBE_APISERVER names $KUBE_APISERVER, which is no program: correct or unset it"
    cache=$(cache_folder)
    program=$cache/kube-apiserver-$kube_version-$(uname -m)
    log=$cache/kube-apiserver-build.log
    folder=$cache/kube-apiserver-build
    mkdir -p "$cache" || die "cannot write to $cache: set XDG_CACHE_HOME"
    exec {lock}>"$cache/kube-apiserver.lock"
    flock --nonblock "$lock" || {
        note "waiting for another build of kube-apiserver"
        flock "$lock"
    }
    if [[ ! -x $program ]]; then
        enough_space "$cache"
        # Of a build that was killed; the lock says that nobody uses it.
        rm -rf "$folder"
        mkdir -p "$folder"
        note "building kube-apiserver $kube_version from Debian's sources, once: it takes several minutes; log: $log"
        # shellcheck disable=SC2064 # the folder's name of now
        trap "rm -rf '$folder'" EXIT
        with_progress "$log" make_api_server "$folder" "$program"
        trap - EXIT
        rm -rf "$folder"
    fi
    exec {lock}>&-
}
