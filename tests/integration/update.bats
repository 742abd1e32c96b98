#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# update: what is changed, what stays, and that a refusal changes nothing.

load helpers

file_of() { cat "$CGROUP_MOUNT$CGROUP/$1"; }
# is FILE TEXT
is() { [[ $(file_of "$1") == "$2" ]] || fail "$1 is $(file_of "$1"), not $2"; }
update_json() { mayfly update --resources - "${2:-test}" <<<"$1"; }

@test "update: a stopped container, an unknown one, and nothing to do" {
	a_stopped test
	run -1 mayfly update --pids-limit 5 test
	output_is "mayfly update failed: container not running"
	run -1 mayfly update --pids-limit 5 gone
	output_is "mayfly update failed: container does not exist: gone"
	run -1 mayfly update test
	error_is_one_line "nothing to update"
	run -1 mayfly update
	error_is_one_line "\"update\" requires exactly 1 argument(s)"
}

@test "update: what is no number, no size and no list" {
	local flag

	a_running test
	for flag in --memory=lots --memory-swap=1x --pids-limit=many --cpu-share=-5 --cpuset-cpus=a --cpu-quota=1.5; do
		run -1 mayfly update "$flag" test
		error_is_one_line "${flag%%=*}" "${flag#*=}"
	done
	run -1 mayfly update --blkio-weight 5 test
	error_is_one_line linux.resources.blockIO.weight
	run -1 mayfly update --l3-cache-schema L3:0=f test
	error_is_one_line --l3-cache-schema "not supported"
}

@test "update: a file that is not there, that is no JSON, and with a mistake" {
	a_running test
	run -1 mayfly update --resources "$T/none" test
	error_is_one_line --resources "no such file or directory"
	run -1 update_json '{"cpu":'
	error_is_one_line "standard input:" "not JSON"
	run -1 update_json '{"pids": {"limit": "few"}}'
	error_is_one_line linux.resources.pids.limit
	run -1 update_json '{"memory": {"limit": 10000000, "swap": 5000000}}'
	error_is_one_line "memory+swap limit should be >= memory limit"
}

@test "update: a limit that this host cannot enforce is refused, or named" {
	a_running test
	if has_controllers; then
		run -1 update_json '{"rdma": {"mlx5_0": {"hcaHandles": 3}}}'
		error_is_one_line linux.resources.rdma.mlx5_0
		return
	fi
	run -1 mayfly update --memory 64m test
	error_is_one_line linux.resources.memory.limit --allow-missing-controllers
	run -0 mayfly --allow-missing-controllers update --memory 64m test
	output_has "NOT ENFORCED: linux.resources.memory.limit"
	run -0 mayfly --allow-missing-controllers update --memory 65m test
	[[ $(jq '.unenforced | length' "$ROOT/test/mayfly.json") == 1 ]]
	run -0 mayfly update --memory -1 test
}

@test "update: nothing but null and zeros is fine, and so is what is unknown" {
	a_running test
	run -0 update_json '{"memory": {"limit": 0}, "cpu": null, "pids": {}, "new": 1}'
	run -0 update_json '{}'
	output_is ""
}

@test "update: devices are as create left them" {
	a_running test
	run -0 update_json '{"devices": [{"allow": true, "access": "rwm"}]}'
	output_is ""
}

@test "update: every flag, each in its file" {
	needs_controllers cpu cpuset pids io
	a_running test
	run -0 mayfly update --memory 64m --memory-swap 96m --memory-reservation 32m --pids-limit 33 --cpu-share 512 \
		--cpu-quota 50000 --cpu-period 100000 --cpu-burst 10000 --cpuset-cpus 0 --cpuset-mems 0 \
		--kernel-memory 5m test
	is memory.max 67108864
	is memory.swap.max 33554432
	is memory.low 33554432
	is pids.max 33
	is cpu.weight 59
	is cpu.max "50000 100000"
	is cpu.max.burst 10000
	is cpuset.cpus 0
	is cpuset.mems 0
	run -0 mayfly update --memory -1 --memory-swap -1 --memory-reservation -1 --pids-limit -1 --cpu-burst 0 --cpu-quota -1 test
	is memory.max max
	is memory.swap.max max
	is memory.low max
	is pids.max max
	is cpu.max "max 100000"
}

@test "update: --cpu-idle, and shares after it" {
	needs_controllers cpu
	a_running test
	run -0 mayfly update --cpu-idle 1 test
	is cpu.idle 1
	run -0 mayfly update --cpu-idle 0 --cpu-share 2048 test
	is cpu.idle 0
	is cpu.weight 174
}

@test "update: quota without period and period without quota keep the other" {
	needs_controllers cpu
	update_config '.linux.resources = {cpu: {quota: 30000, period: 50000}}'
	a_running test
	run -0 mayfly update --cpu-quota 20000 test
	is cpu.max "20000 50000"
	run -0 mayfly update --cpu-period 80000 test
	is cpu.max "20000 80000"
	run -0 mayfly update --cpu-quota -1 test
	is cpu.max "max 80000"
}

@test "update: --resources from standard input and from a file" {
	needs_controllers pids
	a_running test
	run -0 update_json '{"cpu": {"shares": 512, "quota": 50000, "period": 100000}, "memory": {"limit": 67108864, "swap": 67108864}, "pids": {"limit": 100}, "unified": {"memory.high": "60000000"}}'
	is pids.max 100
	is memory.max 67108864
	is memory.swap.max 0
	is memory.high 59998208
	echo '{"pids": {"limit": 50}}' >"$T/resources"
	run -0 mayfly update --resources="$T/resources" test
	is pids.max 50
	is memory.max 67108864
	echo '{"pids": {"limit": 51}}' | mayfly update -r - test
	is pids.max 51
}

@test "update: of a created and of a paused container" {
	needs_controllers pids
	set_args sleep 1000
	create test
	run -0 mayfly update --pids-limit 40 test
	is pids.max 40
	mayfly start test
	mayfly pause test
	run -0 mayfly update --pids-limit 41 test
	is pids.max 41
	status_is test paused
}

@test "update: when the kernel refuses one limit, the others are as before" {
	needs_controllers pids cpu cpuset io
	update_config '.linux.resources = {memory: {limit: 67108864, swap: 134217728}, pids: {limit: 64}, cpu: {shares: 2048, quota: 50000, period: 100000}}'
	a_running test
	run -1 update_json '{"pids": {"limit": 10}, "memory": {"limit": 33554432, "swap": 33554432}, "cpu": {"shares": 4, "quota": 1000, "cpus": "0", "mems": "1000"}}'
	error_is_one_line cpu.mems
	is pids.max 64
	is memory.max 67108864
	is memory.swap.max 67108864
	is cpu.weight 174
	is cpu.max "50000 100000"
	is cpuset.cpus ""
	# What was refused is not remembered either.
	[[ ! -e $ROOT/test/resources.json ]]
	run -1 update_json '{"cpu": {"idle": 1}, "unified": {"memory.nothing": "1"}}'
	is cpu.idle 0
	is cpu.weight 174
}

@test "update: a disk that had no limit has none after a refusal, and another keeps its own" {
	needs_controllers io cpuset
	# shellcheck disable=SC2046 # MAJOR MINOR MAJOR MINOR
	set -- $(grep -h . /sys/block/*/dev | head -n 2 | tr : ' ')
	(($# == 4)) || skip "there are no two block devices"
	update_config '.linux.resources = {blockIO: {throttleReadBpsDevice: [{major: $a, minor: $b, rate: 1048576}]}}' \
		--argjson a "$1" --argjson b "$2"
	a_running test
	is io.max "$1:$2 rbps=1048576 wbps=max riops=max wiops=max"
	run -1 update_json "{\"blockIO\": {\"throttleWriteBpsDevice\": [{\"major\": $3, \"minor\": $4, \"rate\": 2097152},
		{\"major\": $1, \"minor\": $2, \"rate\": 1}]}, \"cpu\": {\"mems\": \"1000\"}}"
	error_is_one_line cpu.mems
	is io.max "$1:$2 rbps=1048576 wbps=max riops=max wiops=max"
}

@test "update: checkBeforeUpdate refuses what is below the usage" {
	needs_controllers memory
	a_running test
	run -1 update_json '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	error_is_one_line "rejecting memory limit 4096 <= usage "
	is memory.max max
	run -1 update_json '{"memory": {"limit": 4096, "swap": 8192, "checkBeforeUpdate": true}}'
	error_is_one_line "rejecting memory+swap limit 8192 <= usage "
	run -0 update_json '{"memory": {"limit": 67108864, "checkBeforeUpdate": true}}'
	is memory.max 67108864
}

@test "update: what it made of the limits is remembered" {
	needs_controllers pids
	update_config '.linux.resources = {pids: {limit: 64}, memory: {limit: 67108864}}'
	a_running test
	mayfly update --pids-limit 10 test
	[[ $(jq -c '[.pids.limit, .memory.limit]' "$ROOT/test/resources.json") == '[10,67108864]' ]]
	mayfly update --memory 32m test
	[[ $(jq -c '[.pids.limit, .memory.limit]' "$ROOT/test/resources.json") == '[10,33554432]' ]]
	run -0 mayfly exec test true
}
