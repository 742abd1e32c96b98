#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The torture suite under Docker and Podman: the limits are annotations, and "mayfly result" says why each program ended. Each
# row of tests/torture/cases.py that an engine can make is a test. Which driver makes the cgroups: --driver.
# vm-as: docker podman
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/engine.bash

TORTURE=$BATS_TEST_DIRNAME/../../torture

setup_file() {
    # The job's disk is read-only, and one case writes to a program.
    cp -a /job/torture "$BATS_FILE_TMPDIR/root"
    chmod -R a+rX "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")" 2>/dev/null || true
    traces >"$BATS_FILE_TMPDIR/before"
}

teardown_file() { remove_all; }

ends() { "$TORTURE/run" --mayfly "$MAYFLY" --via "$ENGINE" --root "$BATS_FILE_TMPDIR/root" --rounds 1 --filter "^$1\$"; }

while IFS=$'\t' read -r name proves; do
    bats_test_function --description "$ENGINE, $name: $proves" -- ends "$name"
done < <("$TORTURE/run" --via "$ENGINE" --list)

root_of() { case $ENGINE in docker) echo /run/docker/runtime-runc/moby ;; podman) echo /run/mayfly ;; esac; }

@test "the client is killed: the deadline holds" {
    run_none --name lonely --annotation dev.mayfly.limit.wall=8s busybox sleep 1000 &
    client=$!
    eventually 60 sh -c "$ENGINE ps --format '{{.Names}}' | grep -x lonely"
    id=$(inspect lonely '{{.Id}}')
    kill -9 "$client"
    [ "$(mayfly --root "$(root_of)" result --wait "$id" | jq -r .verdict)" = timeout ]
    remove lonely
}

@test "the verdict is in the container's log" {
    run_none --name said --annotation dev.mayfly.limit.wall=2s --annotation dev.mayfly.result=stderr busybox sleep 1000 || true
    engine logs said 2>&1 | grep '^mayfly: timeout: '
    remove said
}

@test "what is not known is refused by the engine's own error" {
    run run_none --name refused --annotation dev.mayfly.limit.wal=2s busybox true
    [ "$status" -ne 0 ]
    [[ $output == *'annotations[dev.mayfly.limit.wal]'* ]]
    remove refused || true
}

@test "the journal has the verdict, where the operator says so" {
    mkdir -p /etc/mayfly
    echo '{"journal": true}' >/etc/mayfly/limits.json
    run_none --name told --annotation dev.mayfly.limit.wall=2s busybox sleep 1000 || true
    id=$(inspect told '{{.Id}}')
    rm /etc/mayfly/limits.json
    eventually 30 sh -c "journalctl -o cat --output-fields=MAYFLY_VERDICT MAYFLY_ID=$id | grep -x timeout"
    remove told
}

@test "the monitor is in the unit of the engine's helper, and goes with its container" {
    run_none -d --name seen --annotation dev.mayfly.limit.wall=500s busybox sleep 1000
    id=$(inspect seen '{{.Id}}')
    pid=$(pgrep -f "^mayfly-monitor $id")
    [ -n "$pid" ]
    run ! grep -q "$id.scope/\?$\|/$id$" "/proc/$pid/cgroup"
    remove seen
    eventually 30 sh -c "! pgrep -f '^mayfly-monitor $id'"
    [ "$(mayfly --root "$(root_of)" result "$id" | jq -r .verdict)" != timeout ]
}

@test "nothing is left but the results" {
    eventually 30 sh -c '! pgrep -f "^mayfly-monitor"'
    remove_all
    [ -z "$(find "$(root_of)" -mindepth 1 -maxdepth 1 ! -name '.*')" ]
}
