#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman as an ordinary user, with the user's systemd, with cgroups by files, and with no cgroup at all.
# vm-as: session cgroupfs bare
# vm-needs: podman
# vm-runtimes: runc crun mayfly
# shellcheck disable=SC2016 # $… in single quotes is the container's own shell's

load ../lib/engine.bash
PLACE=$ENGINE
load ../lib/user.bash

setup_file() {
    export BATS_TEST_TIMEOUT=${TEST_TIMEOUT:-600}
    person_setup
    traces >"$BATS_FILE_TMPDIR/before"
    # A volume of the user's own.
    mkdir -p "$PERSON_HOME/volume"
    chown tester:tester "$PERSON_HOME/volume"
    once plain run_none --rm -e "HOST_NS=$(host_namespaces)" busybox sh -c "$(cat "$LIB/probe.sh")"
    once person run_none --rm --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges --hostname box -w /tmp \
        --read-only --tmpfs /scratch:size=1m --ulimit nofile=99:100 -v "$PERSON_HOME/volume:/v" busybox sh -c '
            id -u; id -g; pwd; hostname; ulimit -n; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status
            mkdir /x; grep " /scratch " /proc/mounts; stat -c "volume %u:%g" /v; tr -s " " </proc/self/uid_map | sed "s/^/map/"'
    once stay run_none -d --name stay -v "$PERSON_HOME/volume:/v" busybox \
        sh -c 'trap "echo usr1" USR1; trap "exit 5" TERM; echo up; echo made >/v/file; while :; do sleep 0.3; done'
}
teardown_file() { remove_all; }

@test "a container: its namespaces, its ids, its filter; its files are the user's" {
    recall plain
    status_is 0
    has "namespace user: its own" "namespace pid: its own" "namespace net: its own" "namespace mnt: its own" \
        "namespace ipc: its own" "namespace uts: its own" "namespace cgroup: its own" cgroup=0::/ Seccomp=2 id=0:0\ groups=0
    has "write /proc/sysrq-trigger: cannot" "write /sys/kernel: cannot" "write /: can"
    has "uid_map= 0 1000 1" || has "uid_map= 0 1000 1 1 100000 65536" || matches '^uid_map= 0 1000 1'
}

@test "--user, --cap-drop, --read-only, --tmpfs, --ulimit, -v" {
    recall person
    status_is 0
    has 1000 /tmp box 99 "volume 0:0" "map 0 1000 1" "map 1 100000 65536"
    matches '^CapBnd:.0000000000000000$'
    matches '^NoNewPrivs:.1$'
    matches '^Seccomp:.2$'
    matches 'Read-only file system'
    matches '^tmpfs /scratch .*size=1024k'
}

@test "exec, exec -it, top, kill, logs, stop" {
    recall stay
    status_is 0
    equal "$(stat -c %U:%G "$PERSON_HOME/volume/file")" tester:tester
    attempt engine exec -e A=b -u 7:8 stay sh -c 'echo "$A"; id -u; id -g; cat /v/file; exit 12'
    status_is 12
    has b 7 8 made
    attempt on_tty --on ready 'x y\n' -- exec -it stay sh -c 'test -t 0 && echo terminal; echo ready; read -r w; echo "read: $w"; exit 43'
    status_is 43
    has terminal "read: x y"
    attempt engine top stay
    status_is 0
    matches 'sleep 0.3|sh -c'
    engine kill -s USR1 stay >/dev/null
    heard() { engine logs stay | grep -qx usr1; }
    eventually 30 heard
    engine stop -t 30 stay >/dev/null
    equal "$(inspect stay '{{.State.Status}} {{.State.ExitCode}}')" "exited 5"
    remove stay
}

@test "-it: a terminal" {
    attempt on_tty --size 30x100 --on ready 'some words\n' -- run --rm -it --network none busybox \
        sh -c 'tty; echo ready; read -r words; echo "read: $words"; exit 42'
    status_is 42
    has /dev/pts/0 "read: some words"
}

@test "limits: in force, or refused by name" {
    attempt run_none --rm --memory 64m --pids-limit 33 busybox sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
    if [ "$status" -eq 0 ]; then
        has 67108864 33
    else
        echo "$output"
        matches 'memory|cgroup'
    fi
    [ "$PLACE" != session ] || status_is 0
}

@test "a memory bomb ends as 137, OOMKilled, where memory can be limited" {
    attempt run_none --name hungry --memory 32m --memory-swap 32m busybox tail /dev/zero
    if [ "$status" -eq 137 ]; then
        equal "$(inspect hungry '{{.State.OOMKilled}}')" true
    else
        [ "$PLACE" != session ]
        matches 'memory|cgroup'
    fi
    remove hungry
}

@test "pause and unpause, update, stats: where there is a cgroup; or else refused" {
    run_none -d --name paused busybox sh -c 'while :; do sleep 0.3; done' >/dev/null
    attempt engine pause paused
    if [ "$status" -eq 0 ]; then
        equal "$(inspect paused '{{.State.Status}}')" paused
        grep -q '^frozen 1' "$(cgroup_of paused)/cgroup.events"
        engine unpause paused >/dev/null
        attempt engine update --pids-limit 20 paused
        status_is 0
        equal "$(cat "$(cgroup_of paused)/pids.max")" 20
        attempt engine stats --no-stream paused
        status_is 0
    else
        [ "$PLACE" = bare ]
        matches 'cgroup'
        equal "$(inspect paused '{{.State.Status}}')" running
    fi
    attempt engine exec paused echo there
    has there
    remove paused
}

@test "--userns=keep-id and nomap, --group-add keep-groups, --uidmap" {
    attempt run_none --rm --userns=keep-id -v "$PERSON_HOME/volume:/v" busybox sh -c 'id -u; id -g; touch /v/kept; stat -c "file %u:%g" /v/kept'
    status_is 0
    has 1000 "file 1000:1000"
    equal "$(stat -c %U "$PERSON_HOME/volume/kept")" tester
    attempt run_none --rm --userns=keep-id:uid=5,gid=6 busybox sh -c 'id -u; id -g'
    status_is 0
    has 5 6
    attempt run_none --rm --uidmap 0:1:500 --gidmap 0:1:500 busybox sh -c 'tr -s " " </proc/self/uid_map'
    status_is 0
    has " 0 1 500"
}

@test "--userns=auto" {
    attempt run_none --rm --userns=auto:size=5000 busybox sh -c 'id -u; tr -s " " </proc/self/uid_map'
    status_is 0
    matches '^ 0 [1-9][0-9]* 5000$'
}

@test "networks: the user's own by default, the host's, another container's" {
    run_none -d --name netted busybox sleep 1000 >/dev/null
    attempt engine run --rm --network container:netted busybox readlink /proc/self/ns/net
    status_is 0
    has "$(readlink "/proc/$(inspect netted '{{.State.Pid}}')/ns/net")"
    remove netted
    attempt engine run --rm --network host busybox sh -c 'readlink /proc/self/ns/net; mount | grep " /sys "'
    status_is 0
    has "$(readlink /proc/self/ns/net)"
}

@test "--privileged, --pid host, --init" {
    attempt run_none --rm --privileged --init busybox sh -c 'cat /proc/1/comm; grep -E "^(CapBnd|Seccomp):" /proc/self/status; ls /dev | head -n 3'
    status_is 0
    has podman-init
    matches '^Seccomp:.0$'
    matches '^CapBnd:.000001ffffffffff$'
    attempt run_none --rm --pid host busybox sh -c 'readlink /proc/self/ns/pid'
    status_is 0
    has "$(readlink /proc/self/ns/pid)"
}

@test "a pod" {
    engine pod create --name pod --network none --share net,ipc,uts,pid >/dev/null
    engine run -d --pod pod --name pod-a busybox sh -c 'trap "exit 6" TERM; while :; do sleep 0.3; done' >/dev/null
    attempt engine run --rm --pod pod busybox ps -o args
    status_is 0
    matches 'sleep 0.3|while :'
    engine pod rm -f -t 20 pod >/dev/null
}

@test "exit statuses: 127, 126, the program's own" {
    attempt run_none --rm busybox /no/such/program
    status_is 127
    attempt run_none --rm busybox /etc/passwd
    status_is 126
    attempt run_none --rm busybox sh -c 'exit 77'
    status_is 77
}

@test "by hand: the runtime's own spec --rootless, run, create, start, exec, kill, delete" {
    local bundle=$PERSON_HOME/bundle
    rm -rf "$bundle"
    mkdir -p "$bundle"
    cp -a "$ROOT_TREE" "$bundle/rootfs"
    chown -R tester:tester "$bundle"
    (cd "$bundle" && as_person sh -c "cd $bundle && $RUNTIME spec --rootless")
    change() { jq "$@" "$bundle/config.json" >"$bundle/new" && mv "$bundle/new" "$bundle/config.json"; }
    change '.process.terminal = false | .process.args = ["sh", "-c", "id -u; cat /proc/self/uid_map; exit 9"]'
    attempt as_person "$RUNTIME" run --bundle "$bundle" hand
    status_is 9
    has 0
    matches '^ +0 +1000 +1$'
    change '.process.args = ["sleep", "1000"]'
    as_person "$RUNTIME" create --bundle "$bundle" hand </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    as_person "$RUNTIME" start hand
    attempt as_person "$RUNTIME" exec hand sh -c 'id -u; exit 3'
    status_is 3
    as_person "$RUNTIME" list -q | grep -qx hand
    as_person "$RUNTIME" kill hand KILL
    sleep 1
    as_person "$RUNTIME" delete hand
    rm -rf "$bundle"
}

@test "by hand: a limit is in force or refused by name" {
    local bundle=$PERSON_HOME/bundle
    rm -rf "$bundle"
    mkdir -p "$bundle"
    cp -a "$ROOT_TREE" "$bundle/rootfs"
    chown -R tester:tester "$bundle"
    as_person sh -c "cd $bundle && $RUNTIME spec --rootless"
    jq '.process.terminal = false | .process.args = ["cat", "/proc/self/cgroup"] | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 7}}' \
        "$bundle/config.json" >"$bundle/new"
    mv "$bundle/new" "$bundle/config.json"
    attempt as_person "$RUNTIME" run --bundle "$bundle" limited
    echo "$output"
    [ "$status" -ne 0 ]
    matches 'cgroup|memory|pids'
    attempt as_person "$RUNTIME" list -q
    lacks '^limited$'
    rm -rf "$bundle"
}

@test "inside, everything looks as under runc" { looks_as_under_runc plain; }

@test "nothing is left on the machine" {
    remove_all
    attempt diff "$BATS_FILE_TMPDIR/before" <(traces)
    output=$(grep '^>' <<<"$output" || true)
    [ -z "$output" ] || { echo "left:" && echo "$output" && false; }
}
