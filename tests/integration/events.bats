#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# events: the lines readers of runc's know, once, again and again, and at an OOM kill.

load helpers

@test "events: --stats is one line of the shape that runc prints" {
	a_running test
	run -0 mayfly events --stats test
	[[ $output != *$'\n'* ]]
	jq -e '.type == "stats" and .id == "test"' <<<"$output"
	jq -e '.data | (keys == ["blkio", "cpu", "cpuset", "hugetlb", "intel_rdt", "memory", "network_interfaces", "pids"])' <<<"$output"
	jq -e '.data.cpu.usage | .total > 0 and has("kernel") and has("user")' <<<"$output"
	jq -e '.data.memory | [.usage, .swap, .kernel, .kernelTCP] | all(has("limit") and .failcnt == 0)' <<<"$output"
	jq -e '.data.intel_rdt == {} and .data.network_interfaces == null' <<<"$output"
	jq -e '.data.cpuset | length == 9 and all(. == 0)' <<<"$output"
}

@test "events: of a created and of a paused container" {
	set_args sleep 1000
	create test
	run -0 mayfly events --stats test
	mayfly start test
	mayfly pause test
	run -0 mayfly events --stats test
	jq -e '.type == "stats"' <<<"$output"
}

@test "events: a line each interval, until the container has ended" {
	a_running test
	mayfly events --interval 100ms test >"$T/lines" 3>&- &
	local events=$!
	wait_for grep -c . "$T/lines"
	sleep 0.5
	mayfly kill test KILL
	wait "$events"
	(($(wc -l <"$T/lines") >= 3)) || fail "$(wc -l <"$T/lines") lines"
	[[ $(jq -r .type "$T/lines" | sort -u) == stats ]]
}

@test "events: a stopped container, an unknown one, and intervals that are none" {
	a_stopped test
	run -1 mayfly events --stats test
	output_is "mayfly events failed: container with id test is not running"
	run -1 mayfly events gone
	output_is "mayfly events failed: container does not exist: gone"
	run -1 mayfly events --interval 0 test
	output_is "mayfly events failed: duration interval must be greater than 0"
	run -1 mayfly events --interval 5 test
	error_is_one_line '"5"' --interval
}

@test "events: nobody reads any more" {
	a_running test
	run -0 bash -c '"$@" 2>"$0" | head -n 1 | jq -r .type' "$T/said" "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" \
		events --interval 50ms test
	output_is stats
	[[ $(<"$T/said") == "mayfly events failed: write to standard output: broken pipe" ]]
}

@test "events: the numbers are those of the cgroup" {
	needs_controllers memory pids
	update_config '.linux.resources = {memory: {limit: 67108864, swap: 134217728}, pids: {limit: 33}}'
	a_running test
	run -0 mayfly events --stats test
	jq -e '.data.pids == {current: 1, limit: 33}' <<<"$output"
	jq -e '.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 0' <<<"$output"
	jq -e '.data.memory.swap.limit == 134217728' <<<"$output"
	jq -e '.data.memory.raw | has("anon") and has("file")' <<<"$output"
}

@test "events: an OOM kill is a line of its own, before the end" {
	needs_controllers memory
	update_config '.linux.resources = {memory: {limit: 33554432, swap: 33554432}}'
	set_script 'while [ ! -e /tmp/go ]; do usleep 20000; done; exec helper eat 128'
	create test
	mayfly start test
	mayfly events --interval 1h test >"$T/lines" 3>&- &
	local events=$!
	watched() { [[ -n $(find /proc/[0-9]*/fd -lname "*$CGROUP/memory.events" 2>/dev/null) ]]; }
	wait_for watched
	touch "/proc/$(pid_of test)/root/tmp/go"
	wait "$events"
	[[ $(<"$T/lines") == '{"type":"oom","id":"test"}' ]] || fail "$(<"$T/lines")"
}
