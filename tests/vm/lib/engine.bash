# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Docker and Podman as one engine. $ENGINE and $RUNTIME come from the runner.

LIB=$BATS_TEST_DIRNAME/../lib

# conmon and the like live longer than a test: they must not keep bats' own descriptor 3.
engine() {
    case $ENGINE in
    podman) podman --runtime "$RUNTIME" "$@" 3>&- ;;
    docker)
        if [ "$1" = run ] || [ "$1" = create ]; then
            local verb=$1
            shift
            docker "$verb" --runtime "$RUNTIME" "$@" 3>&-
        else
            docker "$@" 3>&-
        fi
        ;;
    esac
}

# At once, running or not: Podman would wait for the program to end by itself, Docker does not.
remove() {
    case $ENGINE in
    podman) podman rm -f -t 0 "$@" >/dev/null ;;
    docker) docker rm -f "$@" >/dev/null ;;
    esac
}
remove_all() {
    local ids
    mapfile -t ids < <(engine ps -aq)
    [ "${#ids[@]}" -eq 0 ] || remove "${ids[@]}"
}

# Most cases do not need a network, and making one is slow in here.
run_none() { engine run --network none "$@"; }

# On a terminal: on_tty PTY-OPTIONS -- ENGINE-ARGUMENTS
on_tty() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    if [ "$ENGINE" = podman ]; then
        "$LIB/pty" "${options[@]}" -- podman --runtime "$RUNTIME" "$@" 3>&-
    elif [ "$1" = run ]; then
        shift
        "$LIB/pty" "${options[@]}" -- docker run --runtime "$RUNTIME" "$@" 3>&-
    else
        "$LIB/pty" "${options[@]}" -- docker "$@" 3>&-
    fi
}

inspect() { engine inspect --format "$2" "$1"; }
cgroup_of() { sed -n 's/^0::/\/sys\/fs\/cgroup/p' "/proc/$(inspect "$1" '{{.State.Pid}}')/cgroup"; }
host_namespaces() { (cd /proc/self/ns && for ns in cgroup ipc mnt net pid time user uts; do readlink "$ns"; done) | tr '\n' ' '; }

# What the container finds itself in: probe RUN-ARGUMENTS... (the image is ours)
probe() { run_none --rm -e "HOST_NS=$(host_namespaces)" "$@" busybox sh -c "$(cat "$LIB/probe.sh")"; }

# A container run once for several cases: its output and status are kept, and each case looks at its own line.
once() {
    local name=$1 rc=0
    shift
    "$@" >"$BATS_FILE_TMPDIR/$name" 2>&1 || rc=$?
    echo "$rc" >"$BATS_FILE_TMPDIR/$name.status"
}
# Put what once() kept where `run` would: $output and $status.
recall() {
    output=$(cat "$BATS_FILE_TMPDIR/$1")
    # shellcheck disable=SC2034 # the caller's
    status=$(cat "$BATS_FILE_TMPDIR/$1.status")
}

# As bats' `run`, which warns of every 127 though 127 is what several cases are about.
attempt() {
    local rc=0
    output=$("$@" 2>&1) || rc=$?
    # shellcheck disable=SC2034 # the caller's
    status=$rc
}

# The assertions print what they saw, so that a failure can be read without a second run: of long output only the
# lines that begin like the missing one.
shown() {
    local near
    if [ "$(wc -l <<<"$output")" -gt 30 ]; then
        near=$(grep -F -- "${1:-$'\1'}" <<<"$output" | head -n 10)
        printf '%s\n' "${near:-$(head -n 30 <<<"$output")}"
    else
        printf '%s\n' "$output"
    fi
}
has() {
    local line start
    for line in "$@"; do
        grep -qxF -- "$line" <<<"$output" && continue
        start=${line%%[= ]*}
        printf 'no line "%s" in:\n' "$line"
        shown "$start"
        return 1
    done
}
matches() {
    grep -qiE -- "$1" <<<"$output" && return 0
    printf 'nothing matches "%s" in:\n' "$1"
    shown ''
    return 1
}
lacks() {
    grep -qE -- "$1" <<<"$output" || return 0
    printf '"%s" should not be there:\n%s\n' "$1" "$(grep -E -- "$1" <<<"$output")"
    return 1
}
status_is() {
    [ "$status" -eq "$1" ] && return 0
    printf 'status %s, not %s; output:\n' "$status" "$1"
    shown ''
    return 1
}
equal() {
    [ "$1" = "$2" ] && return 0
    printf 'is:     %s\nshould: %s\n' "$1" "$2"
    return 1
}
# eventually SECONDS COMMAND...
eventually() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ "$SECONDS" -lt "$until" ] || { echo "never became true: $*" && return 1; }
        sleep 0.3
    done
}

# What no single case thinks of: the process's surroundings, line by line, as runc makes them. looks_as_under_runc SET...:
# what the probe said is in files of these names; the first runtimes' is kept for mayfly's to be compared with. What may differ
# and why stands in same-as-runc.allow; crun's differences are not ours to judge.
looks_as_under_runc() {
    local set runc=/var/tmp/as-runc/$ENGINE differs=
    if [ "$RUNTIME" != mayfly ]; then
        mkdir -p "/var/tmp/as-$RUNTIME/$ENGINE"
        cp "${@/#/$BATS_FILE_TMPDIR/}" "/var/tmp/as-$RUNTIME/$ENGINE"
        return 0
    fi
    for set in "$@"; do
        [ -e "$runc/$set" ] || skip "runc did not run before this"
        attempt diff -U 0 "$runc/$set" "$BATS_FILE_TMPDIR/$set"
        output=$(grep -E '^[-+][^-+]' <<<"$output" | grep -vE -f <(grep -v '^#' "$LIB/same-as-runc.allow") || true)
        [ -z "$output" ] || { printf 'not as under runc (%s):\n%s\n' "$set" "$output" && differs=1; }
    done
    [ -z "$differs" ]
}

# What containers of this engine leave on a machine when they are not cleared away.
traces() {
    local group mounts states units
    case $ENGINE in
    docker) units='docker-*.scope' group='*/docker[-/]*' mounts='^/(var/lib/docker/.*/merged|run/docker)' states=(/run/docker/runtime-runc/moby) ;;
    podman) units='libpod-*.scope' group='*libpod*' mounts='^/(var/lib/containers/.*/merged|run/containers)' states=({/run,/run/user/0}/{runc,crun,mayfly}) ;;
    esac
    find /sys/fs/cgroup -mindepth 1 -type d -path "$group" ! -path '*/libpod_parent' ! -name conmon \
        ! -name 'libpod-conmon-*' 2>/dev/null || true
    systemctl list-units --all --plain --no-legend --full "$units" | grep -v libpod-conmon- || true
    find "${states[@]}" -mindepth 1 -maxdepth 1 -type d ! -name '.*' 2>/dev/null || true
    cut -d ' ' -f 5 /proc/self/mountinfo | grep -E "$mounts" || true
}
