#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources on cgroup v2 with its controllers: what is written where, and that it holds.

load helpers

file_of() { cat "$CGROUP_MOUNT$CGROUP/$1"; }

# With resources $1, the container's file $2 reads $3.
reads() {
	update_config ".linux.resources = $1"
	set_args sleep 1000
	create test
	[[ $(file_of "$2") == "$3" ]] || fail "$1: $2 is $(file_of "$2"), not $3"
	mayfly delete --force test
}

@test "limits: memory.max, memory.swap.max and memory.low" {
	needs_controllers memory
	reads '{memory: {limit: 67108864}}' memory.max 67108864
	reads '{memory: {limit: 67108864, swap: 134217728}}' memory.swap.max 67108864
	reads '{memory: {limit: 67108864, swap: 67108864}}' memory.swap.max 0
	reads '{memory: {limit: 67108864, swap: -1}}' memory.swap.max max
	reads '{memory: {reservation: 33554432}}' memory.low 33554432
	reads '{memory: {limit: -1}}' memory.max max
}

@test "limits: a program over memory.max ends as 137" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 33554432, swap: 33554432}}'
	set_args helper eat 128
	run -137 mayfly run --bundle "$BUNDLE" test
}

@test "limits: the OOM kill is counted in the cgroup" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 33554432, swap: 33554432}}'
	set_args helper eat 128
	create test
	mayfly start test
	wait_for status_is test stopped
	grep -q '^oom_kill [1-9]' "$CGROUP_MOUNT$CGROUP/memory.events"
}

@test "limits: a tmpfs counts" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 33554432, swap: 33554432}} | .mounts |= map(if .destination == "/tmp" then .options += ["size=256m"] else . end)'
	set_script 'dd if=/dev/zero of=/tmp/x bs=1M count=128 2>/dev/null && echo whole; true'
	run mayfly run --bundle "$BUNDLE" test
	output_lacks whole
}

@test "limits: an earlier OOM kill is not what the filter did to the process of exec" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 33554432, swap: 33554432}} | .linux.seccomp =
		{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["capset"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	a_running test
	run -137 mayfly exec test helper eat 128
	jq '.process | .args = ["true"] | .noNewPrivileges = false' "$BUNDLE/config.json" >"$T/process.json"
	run mayfly exec --process "$T/process.json" test
	output_has "killed by its seccomp filter"
}

@test "limits: a memory limit below what init needs is an error of create, and nothing is left" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 4096, swap: 4096}}'
	run -1 create test
	error_is_one_line memory
	nothing_of test
}

@test "limits: pids.max, and a fork bomb stops at it" {
	needs_controllers pids
	reads '{pids: {limit: 64}}' pids.max 64
	reads '{pids: {limit: -1}}' pids.max max
	reads '{pids: {limit: 0}}' pids.max 1
	update_config '.linux.resources = {pids: {limit: 20}}'
	set_script 'helper fork 100; true'
	run mayfly run --bundle "$BUNDLE" test
	output_has "EAGAIN"
	[[ $output =~ forked\ ([0-9]+) ]]
	((BASH_REMATCH[1] < 20))
}

@test "limits: cpu.max from quota and period" {
	needs_controllers cpu
	reads '{cpu: {quota: 50000, period: 100000}}' cpu.max "50000 100000"
	reads '{cpu: {quota: 25000}}' cpu.max "25000 100000"
	reads '{cpu: {period: 50000}}' cpu.max "max 50000"
	reads '{cpu: {quota: -1, period: 50000}}' cpu.max "max 50000"
}

@test "limits: cpu.max holds from the first instruction" {
	needs_controllers cpu
	update_config '.linux.resources = {cpu: {quota: 10000, period: 100000}} | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]'
	set_script 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; grep nr_throttled /sys/fs/cgroup/cpu.stat'
	run -0 mayfly run --bundle "$BUNDLE" test
	[[ $output =~ nr_throttled\ [1-9] ]] || fail "$output"
}

@test "limits: cpu.weight from shares, by runc's new formula" {
	needs_controllers cpu
	local pair

	for pair in 2:1 10:4 102:17 256:35 512:59 1024:100 2048:174 4096:303 65536:3023 262144:10000; do
		reads "{cpu: {shares: ${pair%:*}}}" cpu.weight "${pair#*:}"
	done
}

@test "limits: cpu.max.burst and cpu.idle" {
	needs_controllers cpu
	reads '{cpu: {quota: 50000, period: 100000, burst: 20000}}' cpu.max.burst 20000
	reads '{cpu: {idle: 1}}' cpu.idle 1
}

@test "limits: cpuset" {
	needs_controllers cpuset
	reads '{cpu: {cpus: "0", mems: "0"}}' cpuset.cpus 0
	update_config '.linux.resources = {cpu: {cpus: "0"}}'
	run -0 in_container 'grep Cpus_allowed_list /proc/self/status | cut -f 2'
	output_is 0
}

@test "limits: io.max of a device" {
	needs_controllers io
	local device

	device=$(head -1 <(grep -l . /sys/block/*/dev | head -1 | xargs cat))
	[[ -n $device ]] || skip "there is no block device"
	update_config '.linux.resources = {blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}], throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}}' \
		--argjson major "${device%:*}" --argjson minor "${device#*:}"
	set_args sleep 1000
	create test
	grep -q "^$device rbps=1048576 .*wiops=100" "$CGROUP_MOUNT$CGROUP/io.max" || fail "$(file_of io.max)"
}

@test "limits: hugetlb" {
	needs_controllers hugetlb
	reads '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}' hugetlb.2MB.max 4194304
	reads '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}' hugetlb.2MB.rsvd.max 4194304
}

@test "limits: unified is written as it is, last" {
	needs_controllers memory
	reads '{unified: {"memory.high": "50331648"}}' memory.high 50331648
	reads '{memory: {limit: 67108864}, unified: {"memory.max": "33554432"}}' memory.max 33554432
}

@test "limits: a unified key of no controller is refused by its name" {
	needs_controllers memory
	update_config '.linux.resources = {unified: {"nosuch.max": "1"}}'
	run -1 create test
	error_is_one_line nosuch
	nothing_of test
	update_config '.linux.resources = {unified: {"memory.nosuch": "1"}}'
	run -1 create test
	error_is_one_line memory.nosuch
	nothing_of test
}

@test "limits: they are there when createRuntime hooks run, and hold the container's first process" {
	needs_controllers memory pids
	printf '#!/bin/sh\ncat %s/memory.max %s/pids.max %s/cgroup.procs >%s\n' "$CGROUP_MOUNT$CGROUP" "$CGROUP_MOUNT$CGROUP" "$CGROUP_MOUNT$CGROUP" "$T/seen" >"$T/hook"
	chmod 755 "$T/hook"
	update_config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 64}} | .hooks = {createRuntime: [{path: $h}]}' --arg h "$T/hook"
	set_args sleep 1000
	create test
	[[ $(<"$T/seen") == $'67108864\n64\n'"$(pid_of test)" ]] || fail "$(<"$T/seen")"
}

@test "limits: delegation gives the cgroup to the container's root, and only its own files" {
	needs_controllers memory
	update_config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
		| .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}] | .linux.resources = {memory: {limit: 67108864}}'
	chown -h -R 100000:100000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
	set_args sleep 1000
	create test
	[[ $(stat -c %u "$CGROUP_MOUNT$CGROUP" "$CGROUP_MOUNT$CGROUP/cgroup.procs" | sort -u) == 100000 ]]
	[[ $(stat -c %u "$CGROUP_MOUNT$CGROUP/memory.max") == 0 ]]
}
