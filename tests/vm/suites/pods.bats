#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What only Podman does: pods, Kubernetes' files, systemd inside, user namespaces of its own choice, readiness.
# vm-as: podman
# vm-runtimes: runc crun mayfly
# vm-beside: yes
# shellcheck disable=SC2016 # $… in single quotes is the container's own shell's

load ../lib/engine.bash

setup_file() {
    export BATS_TEST_TIMEOUT=${TEST_TIMEOUT:-600}
    traces >"$BATS_FILE_TMPDIR/before"
    grep -qs ^containers: /etc/subuid || echo containers:1000000:1000000 | tee -a /etc/subuid >>/etc/subgid
}
teardown_file() {
    podman pod rm -a -f -t 0 >/dev/null 2>&1 || true
    remove_all
}

none_of() { attempt pgrep -f "$1" && equal "$output" ""; }
namespace_of() { readlink "/proc/$(inspect "$1" '{{.State.Pid}}')/ns/$2"; }

@test "a pod: its containers share network, host name and IPC; pod stop, start, rm" {
    engine pod create --name pod --network none --hostname together >/dev/null
    engine run -d --pod pod --name pod-a busybox sh -c 'trap "exit 6" TERM; while :; do sleep 0.3; done' >/dev/null
    engine run -d --pod pod --name pod-b --memory 64m busybox sleep 1000 >/dev/null
    for namespace in net uts ipc; do
        equal "$(namespace_of pod-a $namespace)" "$(namespace_of pod-b $namespace)"
    done
    for namespace in pid mnt; do
        [ "$(namespace_of pod-a $namespace)" != "$(namespace_of pod-b $namespace)" ]
    done
    attempt engine exec pod-b sh -c 'hostname; cat /sys/fs/cgroup/memory.max'
    has together 67108864
    attempt engine pod top pod
    status_is 0
    attempt engine pod stats --no-stream pod
    status_is 0
    engine pod pause pod >/dev/null
    equal "$(inspect pod-a '{{.State.Status}}')" paused
    engine pod unpause pod >/dev/null
    engine pod stop -t 20 pod >/dev/null
    equal "$(inspect pod-a '{{.State.Status}} {{.State.ExitCode}}')" "exited 6"
    engine pod start pod >/dev/null
    equal "$(inspect pod-a '{{.State.Status}}')" running
    engine pod rm -f -t 0 pod >/dev/null
}

@test "a pod that shares its processes: one container's end leaves the others" {
    engine pod create --name procs --network none --share pid,ipc,uts >/dev/null
    engine run -d --pod procs --name procs-a busybox sleep 1001 >/dev/null
    attempt engine run --rm --pod procs busybox sh -c 'ps -o args; [ $$ -ne 1 ] && echo "not 1"'
    status_is 0
    has "not 1"
    matches '^sleep 1001'
    equal "$(inspect procs-a '{{.State.Status}}')" running
    engine rm -f -t 0 procs-a >/dev/null
    none_of 'sleep 1001'
    engine pod rm -f -t 0 procs >/dev/null
}

@test "kube play: two containers with limits, a user, a read-only root; kube down" {
    cat >"$BATS_TEST_TMPDIR/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: play}
spec:
  hostNetwork: true
  containers:
  - name: a
    image: localhost/busybox:latest
    imagePullPolicy: Never
    command: [sh, -c, "while :; do sleep 0.5; done"]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    livenessProbe: {exec: {command: ["true"]}, periodSeconds: 5}
  - name: b
    image: localhost/busybox:latest
    imagePullPolicy: Never
    command: [sleep, "1000"]
    securityContext: {runAsUser: 1000, runAsGroup: 2000, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
YAML
    engine kube play "$BATS_TEST_TMPDIR/pod.yaml" >/dev/null
    equal "$(cat "$(cgroup_of play-a)/memory.max" "$(cgroup_of play-a)/cpu.max" | tr '\n' ' ')" "67108864 50000 100000 "
    attempt engine exec play-b sh -c 'id -u; id -g; mkdir /x; grep CapBnd /proc/self/status'
    has 1000 2000
    matches 'Read-only file system'
    matches 'CapBnd:.0000000000000000'
    engine kube down "$BATS_TEST_TMPDIR/pod.yaml" >/dev/null
    attempt engine ps -aq
    equal "$output" ""
}

@test "--systemd=always: its file systems, its environment, and a cgroup it may divide" {
    attempt run_none --rm --systemd=always busybox sh -c '
        grep -E "^tmpfs /(run|run/lock|tmp|var/log/journal) " /proc/mounts | cut -d " " -f 2 | sort -u
        echo "container=$container"
        mkdir /sys/fs/cgroup/inner && echo $$ >/sys/fs/cgroup/inner/cgroup.procs && cat /proc/self/cgroup
        echo +pids >/sys/fs/cgroup/cgroup.subtree_control && mkdir /sys/fs/cgroup/other && ls /sys/fs/cgroup/other/pids.max'
    status_is 0
    has /run /run/lock /tmp /var/log/journal 0::/inner /sys/fs/cgroup/other/pids.max
    matches '^container=(oci|podman)$'
}

@test "--systemd=always: systemd itself, exec into it, and stop as it wants to be told" {
    "$LIB/tiny-systemd" | podman import - systemd >/dev/null 2>&1
    run_none -d --name boot --systemd=always -v /usr:/usr:ro systemd /usr/lib/systemd/systemd --unit=tiny.target >/dev/null
    hello() { engine exec boot cat /run/hello 2>/dev/null | grep -q hello.service; }
    eventually 120 hello
    attempt engine exec boot cat /run/hello
    has 0::/system.slice/hello.service
    attempt engine exec boot systemctl list-units --plain --no-legend
    matches 'hello.service +loaded active'
    # The container's cgroup has children: exec goes where its first process is.
    attempt engine exec boot cat /proc/self/cgroup
    status_is 0
    engine pause boot >/dev/null
    engine unpause boot >/dev/null
    equal "$(inspect boot '{{.Config.StopSignal}}')" "$(inspect boot '{{.Config.StopSignal}}' | grep -x -e 37 -e SIGRTMIN+3)"
    engine stop -t 60 boot >/dev/null
    equal "$(inspect boot '{{.State.Status}}')" exited
    [ "$(inspect boot '{{.State.ExitCode}}')" -ne 137 ]
    remove boot
}

@test "--userns=auto: ids of its own, and files that belong to them" {
    attempt run_none --rm --userns=auto busybox sh -c 'id -u; tr -s " " </proc/self/uid_map; stat -c "%u %g" /bin/busybox; touch /root/x && stat -c "%u" /root/x'
    status_is 0
    has "0 0"
    matches '^ ?0 1[0-9]{6} [0-9]+$'
    lacks '^ ?0 0 '
}

@test "--uidmap, --gidmap: as told, with an exec and a volume" {
    mkdir -p "$BATS_TEST_TMPDIR/volume"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" || true
    chown 2000005:2000006 "$BATS_TEST_TMPDIR/volume"
    run_none -d --name mapped --uidmap 0:2000000:500 --gidmap 0:2000000:500 --user 5:6 -v "$BATS_TEST_TMPDIR/volume:/v" \
        busybox sh -c 'id -u >/v/file; sleep 1000' >/dev/null
    attempt engine exec mapped sh -c 'id -u; id -g; tr -s " " </proc/self/uid_map; cat /v/file; stat -c %u:%g /v/file'
    status_is 0
    has 5 6 5:6
    matches '^ ?0 2000000 500$'
    equal "$(stat -c %u:%g "$BATS_TEST_TMPDIR/volume/file")" 2000005:2000006
    attempt engine exec -u 0 mapped id -u
    has 0
    remove mapped
}

@test "--sdnotify=container, --cgroups=split: the unit is ready when the program says so" {
    local unit=notify-$RUNTIME
    systemd-run --quiet --unit "$unit" --no-block -p Type=notify -p NotifyAccess=all -p Delegate=yes -p TimeoutStartSec=200 \
        podman --runtime "$RUNTIME" run --rm --name notified --network none --cgroups=split --sdnotify=container --pids-limit 44 \
        -v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro busybox sh -c '
            while [ ! -e /tmp/go ]; do sleep 0.3; done; /usr/bin/systemd-notify --ready --status=flying; sleep 1000'
    started() { [ "$(inspect notified '{{.State.Running}}' 2>/dev/null)" = true ]; }
    eventually 60 started
    equal "$(systemctl show --value -p ActiveState "$unit")" activating
    equal "$(cat "$(cgroup_of notified)/pids.max")" 44
    cgroup_of notified | grep -q "/$unit.service/libpod-payload-"
    engine exec notified touch /tmp/go
    active() { [ "$(systemctl show --value -p ActiveState "$unit")" = active ]; }
    eventually 60 active
    equal "$(systemctl show --value -p StatusText "$unit")" flying
    remove notified
    systemctl stop "$unit" 2>/dev/null || true
    systemctl reset-failed "$unit" 2>/dev/null || true
}

@test "-it and exec -it: detach keys leave it running" {
    run_none -d --name keys busybox sleep 1000 >/dev/null
    attempt on_tty --on ready '\x10\x11' -- exec -it --detach-keys ctrl-p,ctrl-q keys sh -c 'echo ready; sleep 900'
    status_is 0
    equal "$(inspect keys '{{.State.Running}}')" true
    eventually 10 pgrep -f 'sleep 900'
    remove keys
    none_of 'sleep 900'
}

@test "checkpoint: done, or refused in words that name it" {
    run_none -d --name point busybox sleep 1000 >/dev/null
    attempt engine container checkpoint point
    [ "$status" -eq 0 ] || matches 'checkpoint|criu'
    remove point
}

@test "nothing is left on the machine" {
    remove_all
    attempt diff "$BATS_FILE_TMPDIR/before" <(traces)
    output=$(grep '^>' <<<"$output" || true)
    [ -z "$output" ] || { echo "left:" && echo "$output" && false; }
}
