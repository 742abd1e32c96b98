#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's cgroup, as far as it works without controllers too; limits are in limits.bats.

load helpers

cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

@test "cgroup: an absolute cgroupsPath is the cgroup" {
	a_running test
	[[ $(cgroup_of "$(pid_of test)") == "$CGROUP" ]]
	[[ -d $CGROUP_MOUNT$CGROUP ]]
}

@test "cgroup: missing parents are made" {
	update_config '.linux.cgroupsPath += "/deep/er"'
	a_running test
	[[ $(cgroup_of "$(pid_of test)") == "$CGROUP/deep/er" ]]
	mayfly delete --force test
	[[ ! -d $CGROUP_MOUNT$CGROUP/deep/er ]]
	rmdir "$CGROUP_MOUNT$CGROUP/deep" "$CGROUP_MOUNT$CGROUP" 2>/dev/null || true
}

@test "cgroup: without cgroupsPath the runtime chooses, and takes it away again" {
	local path

	update_config 'del(.linux.cgroupsPath)'
	a_running test
	path=$(cgroup_of "$(pid_of test)")
	[[ $path == *test* ]] || fail "$path"
	mayfly delete --force test
	[[ ! -d $CGROUP_MOUNT$path ]]
}

@test "cgroup: one that has processes is refused" {
	a_running test
	run -1 create other
	error_is_one_line "container's cgroup is not empty: 1 process(es) found"
	[[ ! -e $ROOT/other ]]
	[[ $(status_of test) == running ]]
}

@test "cgroup: an empty one that is there already is taken" {
	mkdir "$CGROUP_MOUNT$CGROUP"
	run -0 in_container 'echo fine'
	output_is fine
}

@test "cgroup: delete removes what the container made below" {
	a_running test
	mkdir -p "$CGROUP_MOUNT$CGROUP/a/b" "$CGROUP_MOUNT$CGROUP/c"
	run -0 mayfly delete --force test
	nothing_of test
}

@test "cgroup: delete --force kills what is in sub-cgroups" {
	a_running test
	mkdir -p "$CGROUP_MOUNT$CGROUP/sub"
	pid_of test >"$CGROUP_MOUNT$CGROUP/sub/cgroup.procs"
	run -0 mayfly delete --force test
	nothing_of test
}

@test "cgroup: a frozen container is killed and deleted" {
	a_running test
	echo 1 >"$CGROUP_MOUNT$CGROUP/cgroup.freeze"
	wait_for grep -q 'frozen 1' "$CGROUP_MOUNT$CGROUP/cgroup.events"
	run -0 mayfly delete --force test
	nothing_of test
}

@test "cgroup: delete is fine when the cgroup is gone already" {
	a_stopped test
	find "$CGROUP_MOUNT$CGROUP" -depth -type d -exec rmdir {} +
	run -0 mayfly delete test
}

@test "cgroup: a path with .. or that leaves the mount is refused" {
	local path

	for path in /../x "$CGROUP/../../x" /a/../../b; do
		update_config '.linux.cgroupsPath = $p' --arg p "$path"
		run -1 create test
		error_is_one_line cgroupsPath
	done
	[[ ! -e $ROOT/test ]]
}

# On a host without the controllers a limit cannot be kept: that has to be said, by the field.
refuses_limit() {
	local change=$1 field=$2

	update_config ".linux.resources = $change"
	run -1 create test
	error_is_one_line "$field"
	nothing_of test
}

@test "cgroup: a limit this host cannot enforce is refused by its field" {
	if has_controllers; then
		run -0 in_container true
		return
	fi
	refuses_limit '{memory: {limit: 67108864}}' linux.resources.memory.limit
	refuses_limit '{pids: {limit: 64}}' linux.resources.pids.limit
	refuses_limit '{cpu: {quota: 50000, period: 100000}}' linux.resources.cpu
	refuses_limit '{cpu: {shares: 512}}' linux.resources.cpu.shares
	refuses_limit '{cpu: {cpus: "0"}}' linux.resources.cpu.cpus
	refuses_limit '{blockIO: {weight: 100}}' linux.resources.blockIO
	refuses_limit '{unified: {"memory.high": "1000000"}}' linux.resources.unified
}

@test "cgroup: --allow-missing-controllers runs, and says loudly which limits are not kept" {
	if has_controllers; then
		GLOBAL+=(--allow-missing-controllers)
		run -0 in_container true
		return
	fi
	update_config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 64}}'
	GLOBAL+=(--allow-missing-controllers)
	run -0 in_container 'echo fine'
	output_has fine
	output_has memory
	output_has pids
}

@test "cgroup: values that mean no limit need no controller" {
	update_config '.linux.resources = {memory: {}, cpu: {shares: 0}, blockIO: {weight: 0}, pids: null, devices: []}'
	run -0 in_container true
}

@test "cgroup: values that cannot be are refused anywhere" {
	local case

	cp "$BUNDLE/config.json" "$T/saved"
	for case in '{memory: {limit: 100, swap: 50}}|memory' '{memory: {swap: 100}}|memory' '{unified: {"a/b": "1"}}|unified' \
		'{cpu: {idle: 2}}|cpu' '{memory: {limit: -2}}|memory' '{blockIO: {weight: 5}}|blockIO'; do
		cp "$T/saved" "$BUNDLE/config.json"
		update_config ".linux.resources = ${case%|*}"
		run -1 create test
		error_is_one_line "${case#*|}"
		nothing_of test
	done
}

@test "ps: lists every process of the container as JSON" {
	set_script 'sleep 1001 & sleep 1002 & wait'
	create test
	mayfly start test
	wait_for sh -c "[ \$(wc -l <'$CGROUP_MOUNT$CGROUP/cgroup.procs') = 3 ]"
	run -0 mayfly ps --format json test
	jq -e --argjson pid "$(pid_of test)" 'length == 3 and index($pid) != null' <<<"$output"
	run -0 mayfly ps -f json test
}

@test "ps: the table has a header and the container's processes only" {
	a_running test
	run -0 mayfly ps test
	[[ ${lines[0]} == *PID* ]]
	output_has "sleep 1000"
	((${#lines[@]} == 2)) || fail "$output"
}

# Killed between its record and its cgroup, a create must not have named whom delete --force would kill.
@test "cgroup: a create that is killed names no cgroup of others" {
	local n pid

	a_running test
	pid=$(pid_of test)
	for ((n = 1; n < 6; n++)); do
		run strace -f -o /dev/null -e trace=rename,renameat,renameat2 \
			-e inject=rename,renameat,renameat2:signal=SIGKILL:when=$n \
			"$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" create --bundle "$BUNDLE" other </dev/null
		((status == 137)) || error_is_one_line "container's cgroup is not empty"
		mayfly delete --force other
		kill -0 "$pid"
	done
}
