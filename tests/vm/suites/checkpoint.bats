#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore through criu: under Podman, and by hand.
# vm-as: podman
# vm-runtimes: runc mayfly
# vm-beside: yes

load ../lib/engine.bash

teardown() {
    remove_all
    "$RUNTIME" delete --force byhand 2>/dev/null || true
}

# A counter that writes a line for each number.
# shellcheck disable=SC2016
COUNT='i=0; while :; do i=$((i+1)); echo $i; sleep 0.3; done'

last() { engine logs "$1" | tail -n 1; }
counted_to() { [ "$(last "$1")" -ge "$2" ]; }

@test "podman container checkpoint and restore: it goes on where it was" {
    run_none -d --name counter busybox sh -c "$COUNT" >/dev/null
    eventually 30 counted_to counter 5
    podman container checkpoint counter >/dev/null
    equal "$(inspect counter '{{.State.Running}}')" false
    local stopped
    stopped=$(last counter)
    sleep 2
    equal "$(last counter)" "$stopped"
    podman container restore counter >/dev/null
    equal "$(inspect counter '{{.State.Running}}')" true
    eventually 30 counted_to counter $((stopped + 3))
    equal "$(engine logs counter | sort -n | uniq -d)" ''
    equal "$(podman exec counter cat /proc/1/cmdline | tr '\0' ' ' | cut -d ' ' -f 1)" sh
}

@test "podman container checkpoint --leave-running" {
    run_none -d --name counter busybox sh -c "$COUNT" >/dev/null
    eventually 30 counted_to counter 3
    podman container checkpoint --leave-running counter >/dev/null
    local now
    now=$(last counter)
    eventually 30 counted_to counter $((now + 3))
}

@test "podman container checkpoint --export and restore --import, with limits" {
    local cgroup
    run_none -d --name counter --memory 64m --pids-limit 50 -v "$BATS_TEST_TMPDIR:/mnt:ro" busybox sh -c "$COUNT" >/dev/null
    eventually 30 counted_to counter 3
    podman container checkpoint --export "$BATS_TEST_TMPDIR/checkpoint.tar.gz" counter >/dev/null
    podman rm -f counter >/dev/null
    podman --runtime "$RUNTIME" container restore --import "$BATS_TEST_TMPDIR/checkpoint.tar.gz" >/dev/null
    cgroup=$(cgroup_of counter)
    equal "$(cat "$cgroup/memory.max") $(cat "$cgroup/pids.max")" "67108864 50"
    more() { [ "$(engine logs counter | wc -l)" -ge 3 ]; }
    eventually 30 more
}

@test "by hand: checkpoint ends the container, restore makes it again" {
    local dir=$BATS_TEST_TMPDIR
    mkdir -p "$dir"/bundle/rootfs/{bin,tmp}
    cd "$dir/bundle"
    cp /bin/busybox rootfs/bin
    ln -s busybox rootfs/bin/sh
    ln -s busybox rootfs/bin/sleep
    "$RUNTIME" spec
    # shellcheck disable=SC2016
    jq --arg c 'i=0; while :; do i=$((i+1)); echo $i >/tmp/n; sleep 0.3; done' \
        '.process.terminal = false | .process.args = ["sh", "-c", $c] | .root.readonly = false
        | .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >>\($hook); echo >>\($hook)"]}]' --arg hook "$dir/hook" config.json >new
    mv new config.json
    "$RUNTIME" run -d byhand </dev/null >/dev/null 2>&1 3>&-
    sleep 3
    "$RUNTIME" checkpoint --image-path "$dir/image" --work-path "$dir/work" byhand
    attempt "$RUNTIME" state byhand
    matches 'does not exist'
    local before
    before=$(cat rootfs/tmp/n)
    [ "$before" -ge 2 ]
    "$RUNTIME" restore -d --image-path "$dir/image" --work-path "$dir/work" --pid-file "$dir/pid" byhand </dev/null >/dev/null 2>&1 3>&-
    on() { [ "$(cat rootfs/tmp/n)" -gt "$1" ]; }
    eventually 30 on "$before"
    equal "$("$RUNTIME" state byhand | jq -r '"\(.status) \(.pid)"')" "running $(cat "$dir/pid")"
    equal "$("$RUNTIME" exec byhand sh -c 'echo in')" in
    equal "$(tail -n 1 "$dir/hook" | jq .pid)" "$(cat "$dir/pid")"
    "$RUNTIME" delete --force byhand
}

@test "podman sees that checkpoints can be had" {
    attempt "$RUNTIME" checkpoint --help
    status_is 0
    attempt "$RUNTIME" restore --lsm-mount-context
    matches 'flag needs an argument'
}
