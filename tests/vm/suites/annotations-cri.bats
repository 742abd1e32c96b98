#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A pod's annotations through containerd's CRI, as kubelet sends them: deadline, output, memory, and the termination message.
# vm-as: cri cri-systemd
# vm-needs: cri
# shellcheck disable=SC2016 # jq's variables, and those of the shells in the containers

load ../lib/cri.bash

setup_file() {
    cri_start
    mkdir -p "/sys/fs/cgroup$PARENT"
    : >"$BATS_FILE_TMPDIR/loop" # of no container here
}
teardown_file() { cri_stop; }
teardown() { drop_pods_but_main; }

# limited NAME PAIRS JQ ARGS...: a pod with annotations (a JSON object) and its one container.
limited() {
    local name=$1 pairs=$2 filter=$3
    shift 3
    pod "$name" ".annotations = $pairs"
    container "$name" "$name" ".annotations = $pairs | $filter" "$@"
    exited "$name" 90
}
result_of() { mayfly --root /run/containerd/runc/k8s.io result --wait "$(id_of "$1")"; }

@test "a pod's deadline" {
    limited wall '{"dev.mayfly.limit.wall": "3s"}' . sh -c 'sleep 1000'
    [ "$(result_of wall | jq -r '.verdict, .signal' | xargs)" = "timeout 9" ]
}

@test "its own end" {
    limited own '{"dev.mayfly.limit.wall": "60s"}' . sh -c 'exit 42'
    [ "$(result_of own | jq -r '.verdict, .exit_code' | xargs)" = "exit 42" ]
}

@test "memory" {
    limited memory '{"dev.mayfly.limit.wall": "60s"}' '.linux.resources.memory_limit_in_bytes = 33554432' \
        sh -c 'exec tail /dev/zero'
    [ "$(result_of memory | jq -r .verdict)" = memory-limit ]
}

@test "output" {
    limited output '{"dev.mayfly.limit.output": "1000"}' . sh -c 'yes'
    [ "$(result_of output | jq -r '.verdict, .stdout.bytes' | xargs)" = "output-limit 1000" ]
}

@test "the termination message is the verdict" {
    : >"$BATS_TEST_TMPDIR/message"
    limited message '{"dev.mayfly.limit.wall": "3s", "dev.mayfly.result": "termination-log"}' \
        ".mounts = [{host_path: \"$BATS_TEST_TMPDIR/message\", container_path: \"/dev/termination-log\"}]" sh -c 'sleep 1000'
    eventually 30 grep '^mayfly: timeout: ' "$BATS_TEST_TMPDIR/message"
}

@test "a wrong annotation is told by the event that kubectl describe shows" {
    pod wrong '.annotations = {"dev.mayfly.limit.wal": "3s"}'
    run container wrong wrong '.annotations = {"dev.mayfly.limit.wal": "3s"}' sh -c true
    [[ $output == *'dev.mayfly.limit.wal'* ]]
}
