#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What engines do with containers over their time: health checks, restarts, many at once.
# vm-as: docker podman
# vm-runtimes: runc crun mayfly
# vm-beside: yes

load ../lib/engine.bash

setup_file() {
    # Ten containers at once are many for an emulated machine.
    export BATS_TEST_TIMEOUT=${TEST_TIMEOUT:-600}
    traces >"$BATS_FILE_TMPDIR/before"
}
teardown_file() { remove_all; }

health_is() {
    local now
    case $ENGINE in
    docker) now=$(inspect "$1" '{{.State.Health.Status}}') ;;
    # By hand as well: the timers of an emulated machine are late.
    podman) podman healthcheck run "$1" >/dev/null 2>&1 || true
        now=$(inspect "$1" '{{.State.Health.Status}}') ;;
    esac
    [ "$now" = "$2" ]
}
state_is() { [ "$(inspect "$1" "$2")" = "$3" ]; }

@test "health checks: starting, healthy, unhealthy" {
    run_none -d --name health --health-cmd 'test -e /tmp/well' --health-interval 2s --health-timeout 60s --health-retries 2 \
        busybox sh -c 'touch /tmp/well; while :; do sleep 0.5; done' >/dev/null
    eventually 90 health_is health healthy
    rm "/proc/$(inspect health '{{.State.Pid}}')/root/tmp/well"
    eventually 90 health_is health unhealthy
    equal "$(inspect health '{{.State.Running}}')" true
    remove health
}

@test "a health check that takes too long is none, and its process is gone afterwards" {
    local long=777
    # Podman 5.4 waits for its end and looks at the clock then.
    [ "$ENGINE" = docker ] || long=7.7
    run_none -d --name slow --health-cmd "sleep $long" --health-interval 2s --health-timeout 3s --health-retries 1 \
        busybox sh -c 'while :; do sleep 0.5; done' >/dev/null
    eventually 90 health_is slow unhealthy
    remove slow
    none_left() { ! pgrep -f "sleep $long" >/dev/null; }
    eventually 20 none_left
}

@test "--restart on-failure:2: so often, and then the last status" {
    run_none -d --name again --restart on-failure:2 busybox sh -c 'echo tried; exit 3' >/dev/null
    eventually 90 state_is again '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' "exited 3 2"
    attempt engine logs again
    equal "$(grep -cx tried <<<"$output")" 3
    remove again
}

@test "--restart always: whose process is killed runs again, with its limits" {
    local first
    run_none -d --name always --restart always --memory 64m --pids-limit 40 busybox sh -c 'while :; do sleep 0.5; done' >/dev/null
    first=$(inspect always '{{.State.Pid}}')
    kill -KILL "$first"
    other() {
        local now
        now=$(inspect always '{{.State.Pid}}')
        [ "$now" != "$first" ] && [ "$now" -gt 0 ] && [ -e "/proc/$now" ]
    }
    eventually 90 other
    equal "$(cat "$(cgroup_of always)/pids.max" "$(cgroup_of always)/memory.max" | tr '\n' ' ')" "40 67108864 "
    remove always
}

@test "restart: another process, the same container" {
    local first
    run_none -d --name turn busybox sh -c 'trap "exit 0" TERM; echo up; while :; do sleep 0.2; done' >/dev/null
    first=$(inspect turn '{{.State.Pid}}')
    engine restart -t 30 turn >/dev/null
    [ "$(inspect turn '{{.State.Pid}}')" != "$first" ]
    [ ! -e "/proc/$first" ]
    equal "$(inspect turn '{{.State.Running}}')" true
    engine exec turn true
    remove turn
}

@test "ten containers: started at once, stopped at once, removed at once" {
    local i pid names=() lanes=()
    for i in 0 1 2 3 4 5 6 7 8 9; do
        names+=("many$i")
        run_none -d --name "many$i" --pids-limit "3$i" busybox \
            sh -c 'trap "exit 5" TERM; while :; do sleep 0.5; done' >"$BATS_TEST_TMPDIR/$i" 2>&1 &
        lanes+=($!)
    done
    # By name: bats' own clock is a child, too.
    wait "${lanes[@]}"
    attempt engine inspect --format '{{.State.Running}} {{.State.Pid}}' "${names[@]}"
    equal "$(cut -d ' ' -f 1 <<<"$output" | uniq -c | tr -s ' ')" " 10 true" || { cat "$BATS_TEST_TMPDIR"/[0-9] && return 1; }
    i=0
    while read -r _ pid; do
        equal "$(cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/pids.max")" "3$i"
        i=$((i + 1))
    done <<<"$output"
    engine stop -t 60 "${names[@]}" >/dev/null
    attempt inspect_all "${names[@]}"
    equal "$(sort -u <<<"$output")" "exited 5"
    remove "${names[@]}"
}
inspect_all() { engine inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$@"; }

@test "stats of one that runs, wait for its end" {
    run_none -d --name waited --memory 64m busybox sh -c 'while [ ! -e /tmp/go ]; do sleep 0.3; done; exit 9' >/dev/null
    attempt engine stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.CPUPerc}}' waited
    status_is 0
    matches 'waited [0-9.]+ ?[kMB].* / (64MiB|67.11MB) [0-9.]+%'
    touch "/proc/$(inspect waited '{{.State.Pid}}')/root/tmp/go"
    equal "$(engine wait waited)" 9
    remove waited
}

@test "events: the engine hears of create, start, pause, unpause, die" {
    local since
    since=$(date +%s)
    run_none -d --name heard busybox sleep 1000 >/dev/null
    engine pause heard >/dev/null
    engine unpause heard >/dev/null
    engine kill heard >/dev/null
    ended() { state_is heard '{{.State.Running}}' false; }
    eventually 20 ended
    case $ENGINE in
    docker) attempt docker events --since "$since" --until "$(($(date +%s) + 1))" --filter container=heard --format '{{.Action}}' ;;
    podman) attempt podman events --stream=false --since "$since" --filter container=heard --format '{{.Status}}' ;;
    esac
    has create start pause unpause
    matches '^died?$'
    remove heard
}

@test "nothing is left on the machine" {
    remove_all
    attempt diff "$BATS_FILE_TMPDIR/before" <(traces)
    output=$(grep '^>' <<<"$output" || true)
    [ -z "$output" ] || { echo "left:" && echo "$output" && false; }
}
