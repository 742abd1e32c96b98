#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pause and resume, and what the other commands say to a paused container.

load helpers

frozen() { [[ $(<"$CGROUP_MOUNT$CGROUP/cgroup.freeze") == "$1" ]] && grep -q "^frozen $1" "$CGROUP_MOUNT$CGROUP/cgroup.events"; }

# A container whose program writes a line into /tmp/lines again and again.
a_counting() {
	set_script 'while :; do echo x >>/tmp/lines; usleep 20000; done'
	create test
	mayfly start test
	wait_for lines_are_more_than 1
}
lines() { wc -c <"/proc/$(pid_of test)/root/tmp/lines"; }
lines_are_more_than() { (($(lines) > $1)); }

@test "pause: the program stands still, and goes on after resume" {
	local before

	a_counting
	run -0 mayfly pause test
	output_is ""
	status_is test paused
	frozen 1
	before=$(lines)
	sleep 0.3
	[[ $(lines) == "$before" ]] || fail "it went on"
	run -0 mayfly resume test
	output_is ""
	status_is test running
	frozen 0
	wait_for lines_are_more_than "$before"
}

@test "pause: state, list and ps of a paused container" {
	a_running test
	mayfly pause test
	run -0 mayfly state test
	[[ $(jq -r '.status, .pid' <<<"$output") == $'paused\n'"$(pid_of test)" ]]
	[[ $(pid_of test) != 0 ]]
	run -0 mayfly list
	output_matches 'test +[0-9]+ +paused '
	run -0 mayfly ps --format json test
	output_is "[$(pid_of test)]"
}

@test "pause: twice, resume: twice, of a stopped and of an unknown one are errors" {
	a_running test
	run -1 mayfly resume test
	output_is "mayfly resume failed: container not paused"
	mayfly pause test
	run -1 mayfly pause test
	output_is "mayfly pause failed: container not running: it is paused already"
	mayfly resume test
	mayfly kill test KILL
	wait_for status_is test stopped
	run -1 mayfly pause test
	output_is "mayfly pause failed: container not running"
	run -1 mayfly resume test
	output_is "mayfly resume failed: container not paused"
	for command in pause resume; do
		run -1 mayfly "$command" gone
		output_is "mayfly $command failed: container does not exist: gone"
		run -1 mayfly "$command"
		error_is_one_line "\"$command\" requires exactly 1 argument(s)"
	done
}

@test "pause: a created container, which then does not start until it is resumed" {
	set_args sleep 1000
	create test
	run -0 mayfly pause test
	status_is test paused
	run -1 mayfly start test
	error_is_one_line "cannot start a container in the paused state"
	run -0 mayfly resume test
	status_is test created
	run -0 mayfly start test
	status_is test running
}

@test "pause: start of a running container and delete of a paused one" {
	a_running test
	mayfly pause test
	run -1 mayfly start test
	error_is_one_line "cannot start a container in the paused state"
	run -1 mayfly delete test
	output_is "mayfly delete failed: cannot delete container test that is not stopped: paused"
}

@test "pause: delete --force does not wait for a resume" {
	a_running test
	mayfly pause test
	run -0 mayfly delete --force test
	nothing_of test
}

@test "pause: kill KILL ends a paused container, another signal waits for resume" {
	set_script 'trap "exit 3" TERM; echo ready; while :; do usleep 20000; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	mayfly pause test
	run -0 mayfly kill test TERM
	sleep 0.2
	status_is test paused
	mayfly resume test
	wait_for status_is test stopped
	mayfly delete test
	a_running test
	mayfly pause test
	run -0 mayfly kill test KILL
	wait_for status_is test stopped
	run -0 mayfly delete test
}

@test "pause: kill --all KILL ends a paused container in somebody else's pid namespace" {
	update_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1000 & sleep 1000'
	create test
	mayfly start test
	mayfly pause test
	run -0 mayfly kill --all test KILL
	wait_for status_is test stopped
	run -0 mayfly delete test
}

@test "pause: exec --ignore-paused waits with the others" {
	a_running test
	mayfly pause test
	run -255 mayfly exec test true
	error_is_one_line "cannot exec in a paused container (use --ignore-paused to override)"
	mayfly exec --ignore-paused test echo late >"$T/late" 2>&1 3>&- &
	local exec=$!
	sleep 0.3
	[[ ! -s $T/late ]]
	mayfly resume test
	wait "$exec"
	[[ $(<"$T/late") == late ]]
}

@test "pause: cgroups that the container made below its own are frozen too" {
	a_running test
	mkdir "$CGROUP_MOUNT$CGROUP/below"
	mayfly exec --detach test sleep 1000 </dev/null >/dev/null 2>&1 3>&-
	mayfly ps --format json test | jq -r '.[1]' >"$CGROUP_MOUNT$CGROUP/below/cgroup.procs"
	run -0 mayfly pause test
	grep -q '^frozen 1' "$CGROUP_MOUNT$CGROUP/below/cgroup.events"
	run -0 mayfly resume test
	grep -q '^frozen 0' "$CGROUP_MOUNT$CGROUP/below/cgroup.events"
}

@test "pause: a container without a cgroup says that it has none" {
	a_running test
	# As of a user who may make none: the record says so.
	jq 'del(.cgroup)' "$ROOT/test/mayfly.json" >"$T/record"
	cp "$ROOT/test/mayfly.json" "$T/kept"
	cat "$T/record" >"$ROOT/test/mayfly.json"
	run -1 mayfly pause test
	error_is_one_line "has no cgroup"
	cat "$T/kept" >"$ROOT/test/mayfly.json"
}
