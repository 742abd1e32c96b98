#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup with a real systemd: what it knows, what a reload leaves, what an end leaves, and the users' own.
# shellcheck disable=SC2016 # $… in single quotes is jq's

load ../lib/engine.bash

CGROUPS=/sys/fs/cgroup

setup() {
    # No state root in a directory that others can write.
    BUNDLE=$BATS_TEST_TMPDIR/bundle STATE=/run/mayfly-test
    UNIT=t-$BATS_TEST_NUMBER.scope
    mkdir -p "$BUNDLE"
    ln -sfn "$ROOT_TREE" "$BUNDLE/rootfs"
    mayfly spec --bundle "$BUNDLE"
    change '.process.terminal = false | .process.args = ["sleep", "1000"] | .root.path = $root | .root.readonly = true
        | .linux.cgroupsPath = $path' --arg root "$ROOT_TREE" --arg path "system.slice:t:$BATS_TEST_NUMBER"
}

teardown() {
    local id
    for id in $("$MAYFLY" --root "$STATE" list -q 2>/dev/null); do "$MAYFLY" --root "$STATE" delete --force "$id"; done
    gone
}

change() {
    local filter=$1
    shift
    jq "$filter" "$BUNDLE/config.json" "$@" >"$BUNDLE/new"
    mv "$BUNDLE/new" "$BUNDLE/config.json"
}
program() { change '.process.args = $ARGS.positional' --args -- "$@"; }

# Its output through a file: a container keeps it open.
mayfly() {
    local rc=0
    "$MAYFLY" --root "$STATE" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- || rc=$?
    cat "$BATS_TEST_TMPDIR/out"
    return "$rc"
}
create() { mayfly --systemd-cgroup create --bundle "$BUNDLE" "$1"; }
running() { create "$1" && mayfly start "$1"; }

property() { systemctl show --value -p "$2" "$1"; }
is_unknown() { [ -z "$(systemctl list-units --all --plain --no-legend --full "$1")" ]; }
# No unit and no cgroup of ours.
gone() {
    eventually 10 is_unknown 't-*.scope'
    [ -z "$(find "$CGROUPS" -type d -name 't-*.scope')" ]
}

LIMITS='{memory: {limit: 67108864, reservation: 33554432, swap: 67108864}, pids: {limit: 7},
    cpu: {shares: 512, quota: 50000, period: 100000, cpus: "0", mems: "0"}, hugepageLimits: [{pageSize: "2MB", limit: 4194304}],
    unified: {"memory.high": "60M", "memory.oom.group": "1"}}'
limits_of() {
    local file
    for file in pids.max memory.max memory.low memory.high memory.swap.max memory.oom.group cpu.weight cpu.max cpuset.cpus \
        cpuset.mems hugetlb.2MB.max; do
        echo "$file=$(cat "$CGROUPS/system.slice/$UNIT/$file")"
    done
}

@test "limits: in the files and in systemd's properties, and the container is alone in its scope" {
    change ".linux.resources += $LIMITS"
    create c
    output=$(limits_of)
    has pids.max=7 memory.max=67108864 memory.low=33554432 memory.high=62914560 memory.swap.max=0 memory.oom.group=1 \
        cpu.weight=59 "cpu.max=50000 100000" cpuset.cpus=0 cpuset.mems=0 hugetlb.2MB.max=4194304
    output=$(systemctl show -p TasksMax,MemoryMax,MemoryLow,MemoryHigh,MemorySwapMax,CPUWeight,CPUQuotaPerSecUSec,AllowedCPUs,Delegate,Slice "$UNIT")
    has TasksMax=7 MemoryMax=67108864 MemoryLow=33554432 MemoryHigh=62914560 MemorySwapMax=0 CPUWeight=59 \
        CPUQuotaPerSecUSec=500ms AllowedCPUs=0 Delegate=yes Slice=system.slice
    equal "$(cat "$CGROUPS/system.slice/$UNIT/cgroup.procs")" "$(mayfly state c | jq .pid)"
    mayfly start c
    equal "$(mayfly exec c cat /proc/self/cgroup | sed 's/.*::/is /')" "is /"
    mayfly delete --force c
    gone
}

@test "limits: what is written before has its effect: one process, and little memory" {
    change '.linux.resources.pids.limit = 1 | .linux.resources.memory.limit = 2097152'
    program sh -c 'cd /sys/fs/cgroup; read -r p <pids.max; read -r m <memory.max; echo "$p"; echo "$m"; true & echo forked'
    attempt mayfly --systemd-cgroup run --bundle "$BUNDLE" c
    has 1 2097152
    lacks forked
}

@test "daemon-reload leaves limits and devices as they are" {
    local before
    change ".linux.resources += $LIMITS | .linux.resources.devices = [{allow: false, access: \"rwm\"}]"
    running c
    before=$(limits_of)
    attempt mayfly exec c sh -c 'cat /dev/null && echo null; head -c 1 /dev/kmsg || echo denied'
    systemctl daemon-reload
    equal "$(limits_of)" "$before"
    equal "$(mayfly exec c sh -c 'cat /dev/null && echo null; head -c 1 /dev/kmsg || echo denied')" "$output"
    systemctl daemon-reexec
    equal "$(limits_of)" "$before"
    mayfly delete --force c
}

@test "update: the files and the properties, so that a reload keeps the new limits" {
    change ".linux.resources += $LIMITS"
    running c
    mayfly update --pids-limit 9 --memory 80m --memory-swap 80m --cpu-quota 20000 --cpu-share 1024 c
    systemctl daemon-reload
    output=$(limits_of)
    has pids.max=9 memory.max=83886080 memory.swap.max=0 cpu.weight=100 "cpu.max=20000 100000" cpuset.cpus=0 memory.low=33554432
    equal "$(property "$UNIT" TasksMax)" 9
}

@test "create while systemd is executed anew" {
    systemctl daemon-reexec --no-block
    running c
    equal "$(property "$UNIT" ActiveState)" active
}

@test "a scope of that name which failed before is no obstacle" {
    # Without CollectMode a failed scope stays.
    systemd-run --quiet --scope --unit "$UNIT" -p RuntimeMaxSec=1 sleep 100 || true
    equal "$(property "$UNIT" ActiveState)" failed
    running c
    equal "$(property "$UNIT" ActiveState)" active
}

@test "a scope of that name which lives is not taken" {
    systemd-run --quiet --scope --unit "$UNIT" sleep 100 &
    eventually 10 systemctl --quiet is-active "$UNIT"
    attempt create c
    status_is 1
    matches "error creating systemd unit .$UNIT."
    systemctl --quiet is-active "$UNIT"
    systemctl stop "$UNIT"
    attempt mayfly state c
    matches 'does not exist'
}

@test "a program that ends at once, and one that is killed for memory: delete finds nothing and says nothing" {
    program true
    for round in 1 2 3; do
        running "c$round"
        sleep 1
        attempt mayfly delete "c$round"
        status_is 0
        equal "$output" ""
    done
    change '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
    program tail /dev/zero
    attempt mayfly --systemd-cgroup run --bundle "$BUNDLE" hungry
    status_is 137
    gone
}

@test "delete right after the end, and the same name again" {
    program true
    for round in 1 2 3 4 5; do
        attempt mayfly --systemd-cgroup run --bundle "$BUNDLE" c
        status_is 0
    done
}

@test "kill and delete need no --systemd-cgroup" {
    running c
    mayfly kill c KILL
    mayfly delete --force c
    gone
}

@test "a create that was killed anywhere is cleaned by delete --force, without the option" {
    local delay pid
    for delay in 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.7; do
        "$MAYFLY" --root "$STATE" --systemd-cgroup create --bundle "$BUNDLE" k >/dev/null 2>&1 </dev/null 3>&- &
        pid=$!
        sleep "$delay"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        attempt mayfly delete --force k
        status_is 0
        gone
    done
    [ -z "$(pgrep -x mayfly-systemd)" ]
}

# Of tests/integration/shim what a cgroup made by systemd can change; the others are in tests/integration/shim.bats.
shim() { SHIM_KILLS=15 CGROUP_MOUNT=$CGROUPS "$BATS_TEST_DIRNAME/../../integration/shim" "$1" "$MAYFLY" "$STATE" "$BUNDLE" --systemd-cgroup 3>&-; }

@test "a shim's containers: their status, their output's end, what they leave to kill --all" {
    shim life
    gone
    rm "$BUNDLE/log.json"
    shim shared
}

@test "a shim's runtime, killed at random or with its shim, is cleared away by delete --force without the option" {
    shim killed
    gone
    shim orphaned
    eventually 10 sh -c '! pgrep -x mayfly-systemd'
}

@test "a create that fails late leaves no scope" {
    program /no/such/program
    attempt create c
    status_is 1
    matches 'no such file or directory'
    gone
}

@test "annotations: properties of the unit" {
    change '.annotations = {"org.systemd.property.TimeoutStopSec": "2.5", "org.systemd.property.KillSignal": "15",
        "org.systemd.property.After": "['"'sysinit.target'"']", "org.systemd.property.RuntimeMaxUSec": "uint64 3600000000"}'
    create c
    equal "$(property "$UNIT" TimeoutStopUSec)" 2.500000s
    equal "$(property "$UNIT" RuntimeMaxUSec)" 1h
    matches_property() { property "$UNIT" After | grep -qw sysinit.target; }
    matches_property
}

@test "annotations: what could harm the host is refused before anything is done" {
    change '.annotations = {"org.systemd.property.SuccessAction": "'"'reboot'"'"}'
    attempt create c
    status_is 1
    matches 'SuccessAction is not among those'
    change '.annotations = {"org.systemd.property.KillMode": "5"}'
    attempt create c
    status_is 1
    matches 'KillMode'
    change '.annotations = {"org.systemd.property.KillMode": "'"'nonsense'"'"}'
    attempt create c
    status_is 1
    matches "error creating systemd unit"
    attempt mayfly list -q
    equal "$output" ""
}

@test "restore: in a scope as it was made, with its limits and alone in it" {
    local images=$BATS_TEST_TMPDIR/images
    change '.linux.resources.pids.limit = 9'
    running c
    mayfly checkpoint --image-path "$images" c
    gone
    mayfly --systemd-cgroup restore -d --bundle "$BUNDLE" --image-path "$images" c
    equal "$(cat "$CGROUPS/system.slice/$UNIT/pids.max")" 9
    equal "$(property "$UNIT" TasksMax)" 9
    equal "$(cat "$CGROUPS/system.slice/$UNIT/cgroup.procs")" "$(mayfly state c | jq .pid)"
    mayfly delete --force c
    gone
}

@test "slices: made where they are missing, and the layout is systemd's" {
    change '.linux.cgroupsPath = $path' --arg path "t-deep.slice:t:$BATS_TEST_NUMBER"
    create c
    [ -d "$CGROUPS/t.slice/t-deep.slice/$UNIT" ]
    mayfly delete --force c
}

@test "without cgroupsPath: mayfly-ID.scope" {
    change 'del(.linux.cgroupsPath)'
    create c
    equal "$(property mayfly-c.scope Slice)" system.slice
    mayfly delete --force c
    eventually 10 is_unknown mayfly-c.scope
}

@test "an ordinary user: a scope of the user's own systemd, with the controllers that were delegated" {
    local run=/run/user/1234
    id -u person >/dev/null 2>&1 || useradd --uid 1234 --user-group --create-home person
    loginctl enable-linger person
    eventually 30 test -S "$run/systemd/private"
    BUNDLE=/home/person/bundle
    mkdir -p "$BUNDLE"
    as_person() { setpriv --reuid 1234 --regid 1234 --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="$run" "$@" 3>&- </dev/null; }
    chown person "$BUNDLE"
    as_person "$MAYFLY" spec --rootless --bundle "$BUNDLE"
    change '.process.terminal = false | .process.args = ["sleep", "1000"] | .root.path = $root
        | .linux.cgroupsPath = "user.slice:t:mine" | .linux.resources = {pids: {limit: 9}, memory: {limit: 33554432}}' --arg root "$ROOT_TREE"
    as_person "$MAYFLY" --systemd-cgroup create --bundle "$BUNDLE" c >"$BATS_TEST_TMPDIR/out" 2>&1 || { cat "$BATS_TEST_TMPDIR/out" && false; }
    cgroup=$CGROUPS/user.slice/user-1234.slice/user@1234.service/user.slice/t-mine.scope
    equal "$(cat "$cgroup/pids.max" "$cgroup/memory.max" | tr '\n' ' ')" "9 33554432 "
    equal "$(wc -l <"$cgroup/cgroup.procs")" 1
    as_person "$MAYFLY" start c
    attempt as_person "$MAYFLY" exec c cat /proc/self/cgroup
    status_is 0
    as_person "$MAYFLY" delete --force c
    [ ! -e "$cgroup" ]
    # What was not delegated is refused, by name.
    change '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 0}]'
    attempt as_person "$MAYFLY" --systemd-cgroup create --bundle "$BUNDLE" c
    status_is 1
    matches 'hugepageLimits.*hugetlb'
}
