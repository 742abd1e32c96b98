#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is done to a container that runs: update, pause, stats, events, each under both engines and with every runtime.
# vm-as: docker podman
# vm-runtimes: runc crun mayfly
# vm-beside: yes

load ../lib/engine.bash

setup_file() {
    export BATS_TEST_TIMEOUT=${TEST_TIMEOUT:-600}
    traces >"$BATS_FILE_TMPDIR/before"
    run_none -d --name change --memory 64m --memory-swap 96m --pids-limit 50 --cpu-shares 512 busybox \
        sh -c 'while :; do echo x >>/tmp/lines; sleep 0.2; done' >/dev/null
}
teardown_file() { remove_all; }

reads() { equal "$(cat "$(cgroup_of change)/$1")" "$2"; }

@test "update: memory, swap, reservation, CPUs, shares, cpuset, processes" {
    engine update --memory 128m --memory-swap 160m --memory-reservation 32m --cpus 0.25 --cpuset-cpus 0 --pids-limit 33 change >/dev/null
    reads memory.max 134217728
    reads memory.swap.max 33554432
    reads memory.low 33554432
    reads cpu.max "25000 100000"
    reads cpuset.cpus 0
    reads pids.max 33
    engine update --cpu-shares 2048 change >/dev/null
    # Debian 13's runc and crun have the older formula.
    case $RUNTIME in runc | crun) reads cpu.weight 79 ;; *) reads cpu.weight 174 ;; esac
    # What was not named is as before.
    reads memory.max 134217728
    reads cpu.max "25000 100000"
}

@test "update: lower, then no limit" {
    engine update --memory 48m --memory-swap 48m --pids-limit 20 change >/dev/null
    reads memory.max 50331648
    reads memory.swap.max 0
    reads pids.max 20
    # Docker's update does not pass a -1 on; runc 1.1 does not write it.
    engine update --memory-swap -1 change >/dev/null
    case $ENGINE-$RUNTIME in docker-* | *-runc) reads memory.swap.max 0 ;; *) reads memory.swap.max max ;; esac
    engine update --pids-limit -1 change >/dev/null
    reads pids.max max
}

@test "pause: it stands still, exec is refused, unpause lets it go on" {
    local before cgroup
    cgroup=$(cgroup_of change)
    engine pause change >/dev/null
    equal "$(inspect change '{{.State.Status}}')" paused
    grep -q '^frozen 1' "$cgroup/cgroup.events"
    before=$(wc -c <"/proc/$(inspect change '{{.State.Pid}}')/root/tmp/lines")
    sleep 1
    equal "$(wc -c <"/proc/$(inspect change '{{.State.Pid}}')/root/tmp/lines")" "$before"
    attempt engine exec change true
    [ "$status" -ne 0 ]
    attempt engine pause change
    [ "$status" -ne 0 ]
    engine unpause change >/dev/null
    equal "$(inspect change '{{.State.Status}}')" running
    grep -q '^frozen 0' "$cgroup/cgroup.events"
    attempt engine exec change echo again
    has again
    attempt engine unpause change
    [ "$status" -ne 0 ]
}

@test "update: of a paused container" {
    engine pause change >/dev/null
    attempt engine update --pids-limit 44 change
    engine unpause change >/dev/null
    status_is 0
    reads pids.max 44
}

@test "stats: memory and processes" {
    engine update --memory 64m --memory-swap 64m change >/dev/null
    attempt engine stats --no-stream --format '{{.MemUsage}} pids={{.PIDs}}' change
    status_is 0
    matches '/ ?(64MiB|67.11MB)'
    matches 'pids=[1-9]'
}

@test "top: of a running container" {
    attempt engine top change
    status_is 0
    matches 'sleep 0.2|sh -c'
}

@test "the runtime's own events, ps and state" {
    local id root
    [ "$RUNTIME" != crun ] || skip "crun has no command events"
    id=$(inspect change '{{.Id}}')
    case $ENGINE in docker) root=/run/docker/runtime-runc/moby ;; podman) root= ;; esac
    runtime() { "$RUNTIME" ${root:+--root "$root"} "$@"; }
    output=$(runtime events --stats "$id")
    equal "$(jq -r '.type, .id, .data.memory.usage.limit, .data.pids.limit' <<<"$output" | tr '\n' ' ')" "stats $id 67108864 44 "
    # Each name at its place, as runc has it; psi and what newer kernels count may come and go.
    output=$(jq -r '[paths | map(tostring | sub("^[0-9]+$"; "N")) | join(".")] | unique[]' <<<"$output" |
        grep -vE '\.raw\.|\.psi|blkio|hugetlb|throttling\.|memory\.[a-z]*\.(max|usage)$|cache$')
    mkdir -p "/var/tmp/as-runc/$ENGINE"
    if [ "$RUNTIME" = runc ]; then
        echo "$output" >"/var/tmp/as-runc/$ENGINE/events"
    elif [ -e "/var/tmp/as-runc/$ENGINE/events" ]; then
        diff "/var/tmp/as-runc/$ENGINE/events" - <<<"$output"
    fi
    equal "$(runtime ps --format json "$id" | jq -r '.[0]')" "$(inspect change '{{.State.Pid}}')"
    equal "$(runtime state "$id" | jq -r .status)" running
    runtime list -q | grep -qx "$id"
}

@test "rm -f of a paused container" {
    engine pause change >/dev/null
    remove change
    attempt inspect change '{{.Id}}'
    [ "$status" -ne 0 ]
}

@test "events: an OOM kill, said by engine and runtime" {
    local id root
    [ "$RUNTIME" != crun ] || skip "crun has no command events"
    # shellcheck disable=SC2016
    run_none -d --name oom --memory 32m --memory-swap 32m busybox sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; exec tail /dev/zero' >/dev/null
    id=$(inspect oom '{{.Id}}')
    case $ENGINE in docker) root=/run/docker/runtime-runc/moby ;; podman) root= ;; esac
    "$RUNTIME" ${root:+--root "$root"} events --interval 1h "$id" >"$BATS_TEST_TMPDIR/lines" 3>&- &
    local events=$!
    sleep 2
    touch "/proc/$(inspect oom '{{.State.Pid}}')/root/tmp/go"
    gone() { ! kill -0 "$events" 2>/dev/null; }
    eventually 60 gone
    grep -qx "{\"type\":\"oom\",\"id\":\"$id\"}" "$BATS_TEST_TMPDIR/lines"
    killed() { [ "$(inspect oom '{{.State.OOMKilled}} {{.State.ExitCode}}')" = "true 137" ]; }
    eventually 60 killed || { inspect oom '{{.State.OOMKilled}} {{.State.ExitCode}}' && return 1; }
    if [ "$ENGINE" = docker ]; then
        attempt docker events --since 10m --until "$(date +%s)" --filter event=oom --filter container=oom --format '{{.Action}}'
        has oom
    fi
    remove oom
}

@test "nothing is left on the machine" {
    remove_all
    attempt diff "$BATS_FILE_TMPDIR/before" <(traces)
    output=$(grep '^>' <<<"$output" || true)
    [ -z "$output" ] || { echo "left:" && echo "$output" && false; }
}
