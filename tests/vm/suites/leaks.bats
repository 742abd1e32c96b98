#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many containers and many execs, one after the other, leave the machine as it was: no unit, cgroup, mount, process, file.
# RUNS=200 EXECS=1000 TEST_TIMEOUT=7200 tests/vm/run --suite leaks    does what issue 3 asks for; by default it is few.
# vm-as: docker podman
# vm-runtimes: runc crun mayfly
# (Not beside others: the whole machine is looked at.)

load ../lib/engine.bash

: "${RUNS:=6}" "${EXECS:=15}"

# Everything a container could leave, one thing a line. What comes and goes by itself is left out: bats, the programs
# that look, systemd's and udev's workers, the journal.
snapshot() {
    find /sys/fs/cgroup -mindepth 1 -type d -printf 'cgroup %p\n'
    ps --ppid 2 -p 2 --deselect -o comm= |
        grep -vE '^(bats.*|bash|sh|ps|grep|sort|find|sed|cut|tee|env|cat|sleep|timeout|\(?(udev|sd)-.*|systemd-.*)$' | sed 's/^/process /'
    cut -d ' ' -f 5 /proc/self/mountinfo | sed 's/^/mount /'
    systemctl list-units --all --full --plain --no-legend --type scope,service,slice,timer | cut -d ' ' -f 1 | grep -v ^systemd- | sed 's/^/unit /'
    # Of a run that fails Podman itself leaves a directory in persist, of an exec one in userdata, with every runtime.
    find /run /tmp /var/tmp /dev/shm /dev/mqueue /var/lib/docker/containers /var/lib/containers/storage/overlay-containers \
        -xdev -regextype egrep ! -regex '.*/userdata/[0-9a-f]{64}(/.*)?' ! -path '*bats-run*' ! -path '/run/systemd/*' \
        ! -path '/run/udev/*' ! -path '/run/log/*' ! -path '/run/libpod/persist/*' -printf 'file %p\n' 2>/dev/null
}
descriptors() { find "/proc/$(pgrep -xo "$1")/fd" -type l 2>/dev/null | wc -l; }
# The kernel clears them away some time after their last process.
keyrings() { grep -c keyring /proc/keys; }
keyrings_are() { [ "$(keyrings)" -le "$1" ]; }

# Give what ends by itself its time.
unchanged() {
    snapshot | sort >"$BATS_TEST_TMPDIR/now"
    diff "$1" "$BATS_TEST_TMPDIR/now" | grep '^>' >"$BATS_TEST_TMPDIR/left"
    [ ! -s "$BATS_TEST_TMPDIR/left" ]
}
# (Docker clears network namespaces away once a minute.)
is_as() { eventually 120 unchanged "$1" || { echo "left:" && head -n 40 "$BATS_TEST_TMPDIR/left" && return 1; }; }

setup_file() {
    export BATS_TEST_TIMEOUT=${TEST_TIMEOUT:-600}
}
teardown() { remove_all; }

@test "run --rm, many times: nothing is left" {
    local i daemons=(dockerd containerd) daemon before=()
    # The first one makes what stays: the parent cgroups, the state's directories, locks.
    run_none --rm --memory 64m --pids-limit 20 busybox true
    sleep 1
    snapshot | sort >"$BATS_TEST_TMPDIR/before"
    local rings
    rings=$(keyrings)
    for daemon in "${daemons[@]}"; do before+=("$(descriptors "$daemon")"); done
    for ((i = 0; i < RUNS; i++)); do
        case $((i % 3)) in
        0) run_none --rm --memory 64m --pids-limit 20 busybox true ;;
        1) run_none --rm --read-only --tmpfs /tmp busybox sh -c 'sleep 100 & exit 0' ;;
        2) attempt run_none --rm busybox /no/such/program && status_is 127 ;;
        esac
    done
    is_as "$BATS_TEST_TMPDIR/before"
    eventually 60 keyrings_are $((rings + 4)) || { cat /proc/keys && return 1; }
    for daemon in 0 1; do [ "$(descriptors "${daemons[daemon]}")" -le $((before[daemon] + 12)) ]; done
}

@test "run --rm, five at once: nothing is left" {
    local round lane lanes
    run_none --rm busybox true
    sleep 1
    snapshot | sort >"$BATS_TEST_TMPDIR/before"
    for ((round = 0; round < RUNS; round += 5)); do
        lanes=()
        for lane in 1 2 3 4 5; do
            run_none --rm busybox true &
            lanes+=($!)
        done
        for lane in "${lanes[@]}"; do wait "$lane"; done
    done
    is_as "$BATS_TEST_TMPDIR/before"
}

@test "exec, many times: nothing is left, in the container and outside" {
    local i pid inside rings
    # A shell: what an exec leaves behind has to find somebody who reaps it.
    run_none -d --name target --pids-limit 20 busybox sh -c 'while :; do sleep 1; done' >/dev/null
    engine exec target true
    pid=$(inspect target '{{.State.Pid}}')
    snapshot | sort >"$BATS_TEST_TMPDIR/before"
    inside=$(find "/proc/$pid/fd" -type l | wc -l)
    rings=$(keyrings)
    for ((i = 0; i < EXECS; i++)); do
        case $((i % 3)) in
        0) engine exec target true ;;
        1) engine exec -u 1000 target sh -c 'sleep 0.1 & exit 3' || true ;;
        2) attempt engine exec target /no/such/program && [ "$status" -ne 0 ] ;;
        esac
    done
    alone() { [ "$(wc -l <"$(cgroup_of target)/cgroup.procs")" -le 2 ]; }
    eventually 10 alone
    equal "$(find "/proc/$pid/fd" -type l | wc -l)" "$inside"
    is_as "$BATS_TEST_TMPDIR/before"
    eventually 60 keyrings_are $((rings + 4)) || { cat /proc/keys && return 1; }
    remove target
}

@test "the runtime's own exec, many times at once: nothing is left" {
    local id root i lanes
    run_none -d --name target --pids-limit 40 busybox sleep 100000 >/dev/null
    id=$(inspect target '{{.Id}}')
    case $ENGINE in docker) root=/run/docker/runtime-runc/moby ;; podman) root= ;; esac
    "$RUNTIME" ${root:+--root "$root"} exec "$id" true
    snapshot | sort >"$BATS_TEST_TMPDIR/before"
    for ((i = 0; i < EXECS; i += 5)); do
        lanes=()
        for _ in 1 2 3 4 5; do
            "$RUNTIME" ${root:+--root "$root"} exec "$id" sh -c 'exit 0' </dev/null >/dev/null 3>&- &
            lanes+=($!)
        done
        wait "${lanes[@]}"
    done
    equal "$(wc -l <"$(cgroup_of target)/cgroup.procs")" 1
    is_as "$BATS_TEST_TMPDIR/before"
    remove target
}
