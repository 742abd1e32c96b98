#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What kubelet asks of containerd's CRI plugin about cgroups, with every runtime as a handler and with both drivers.
# vm-as: cri-cgroupfs cri-systemd
# vm-runtimes: runc crun mayfly
# vm-needs: cri
# vm-beside: yes
# shellcheck disable=SC2016 # jq's variables, and those of the shells in the containers

load ../lib/cri.bash

setup_file() {
    cri_start
    [ "$ENGINE" = cri-systemd ] || mkdir -p "/sys/fs/cgroup$PARENT"
    echo none >"$BATS_FILE_TMPDIR/loop"
    pod main
    container main stay '.linux.resources = {memory_limit_in_bytes: 100663296, memory_swap_limit_in_bytes: 134217728,
        cpu_period: 100000, cpu_quota: 80000, cpu_shares: 512,
        cpuset_cpus: "0", oom_score_adj: 321, unified: {"memory.high": "60002304"}}' sleep 1000
    container main hungry '.linux.resources = {memory_limit_in_bytes: 33554432, memory_swap_limit_in_bytes: 33554432}' tail /dev/zero
    # A child that eats memory: the program goes on.
    container main parent '.linux.resources = {memory_limit_in_bytes: 33554432, memory_swap_limit_in_bytes: 33554432}' \
        sh -c 'tail /dev/zero; echo "child: $?"; grep "^oom_kill " /sys/fs/cgroup/memory.events; exit 3'
}

teardown_file() { cri_stop; }
teardown() { drop_pods_but_main; }

@test "its cgroup is where kubelet asked for it" {
    local group
    group=$(group_of stay)
    case $ENGINE in
    cri-systemd) equal "$group" "/sys/fs/cgroup$PARENT_PATH/cri-containerd-$(id_of stay).scope" ;;
    *) equal "$group" "/sys/fs/cgroup$PARENT_PATH/$(id_of stay)" ;;
    esac
}

@test "resources: CPU, memory, swap, cpuset, the OOM score, and what stands in unified" {
    local group
    group=$(group_of stay)
    equal "$(cd "$group" && cat memory.max cpu.max cpuset.cpus memory.high)" $'100663296\n80000 100000\n0\n60002304'
    equal "$(cat "$group/memory.swap.max")" 33554432
    output=$(cat "$group/cpu.weight")
    matches '^(20|59)$'
    equal "$(cat "/proc/$(pid_in stay)/oom_score_adj")" 321
}

@test "ContainerStats: CPU, memory" {
    call ContainerStats '{container_id: $id}' --arg id "$(id_of stay)"
    [ "$(answer .stats.cpu.usage_core_nano_seconds.value)" -gt 0 ]
    [ "$(answer .stats.memory.working_set_bytes.value)" -gt 0 ]
    call PodSandboxStats '{pod_sandbox_id: $id}' --arg id "$(pod_id main)"
    [ "$(answer '.stats.linux.containers | length')" -ge 1 ]
}

@test "UpdateContainerResources: memory, CPU and unified, without a restart" {
    local group
    call UpdateContainerResources '{container_id: $id, linux: {memory_limit_in_bytes: 134217728, cpu_period: 100000, cpu_quota: 25000,
        cpu_shares: 256, unified: {"memory.high": "120000512"}}}' --arg id "$(id_of stay)"
    group=$(group_of stay)
    equal "$(cat "$group/memory.max")" 134217728
    equal "$(cat "$group/cpu.max")" "25000 100000"
    equal "$(cat "$group/memory.high")" 120000512
    output=$(cat "$group/cpu.weight")
    matches '^(10|35)$'
}

@test "a program that eats memory: OOMKilled, 137" {
    exited hungry 120
    equal "$(status_of hungry '"\(.exit_code) \(.reason)"')" "137 OOMKilled"
}

@test "a child that eats memory: the program goes on, the kernel's count says it" {
    exited parent 120
    # containerd calls a container OOMKilled in which anybody was.
    equal "$(status_of parent '"\(.exit_code) \(.reason)"')" "3 OOMKilled"
    output=$(said parent)
    has "child: 137" "oom_kill 1"
}

@test "the host's network, pid and IPC namespaces" {
    local kind
    pod host '.linux.security_context.namespace_options = {network: "NODE", pid: "NODE", ipc: "NODE"} | del(.hostname)'
    container host one '.linux.security_context.namespace_options = {network: "NODE", pid: "NODE", ipc: "NODE"}' \
        sh -c 'for n in net pid ipc; do readlink /proc/self/ns/$n; done; hostname; setsid sleep 4322 & sleep 1000'
    eventually 20 has_said one "$(hostname)"
    output=$(said one)
    for kind in net pid ipc; do has "$(readlink "/proc/self/ns/$kind")"; done
    # Nobody's pid 1 dies here: what is left must be killed by its cgroup.
    stop_container one 1
    attempt pgrep -f 'sleep 4322'
    status_is 1
    drop_pod host
}

@test "a shim that is killed: containerd clears up behind it" {
    local id group pid
    pod lost
    container lost orphan '' sleep 1000
    group=$(group_of orphan)
    pid=$(pid_in orphan)
    id=$(pod_id lost)
    kill -KILL "$(pgrep -f "containerd-shim-runc-v2 .*-id $id")"
    gone() { [ ! -e "$group" ] && ! kill -0 "$pid" 2>/dev/null; }
    eventually 60 gone
    eventually 30 state_is orphan EXITED
    drop_pod lost
}

@test "ten containers started at once, and stopped with their pod" {
    local n
    pod many
    for n in 1 2 3 4 5 6 7 8 9 10; do container many "many$n" '' sleep 1000; done
    call ListContainers '{filter: {pod_sandbox_id: $id, state: {state: "CONTAINER_RUNNING"}}}' --arg id "$(pod_id many)"
    equal "$(answer '.containers | length')" 10
    drop_pod many
}

@test "nothing is left on the machine" {
    drop_pod main
    [ "$ENGINE" = cri-systemd ] || rmdir "/sys/fs/cgroup$PARENT"
    equal "$(cri_traces)" ""
}
