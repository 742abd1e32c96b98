#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mayfly by hand as an ordinary user: the bundle of spec --rootless, and nothing left out that was asked for.

load helpers

PERSON=4242

prepare() {
	local at

	chown -R "$PERSON:$PERSON" "$BUNDLE"
	mkdir -m 700 "$T/run"
	chown "$PERSON:$PERSON" "$T/run"
	install -m 755 "$MAYFLY" "$T/mayfly"
	for ((at = 1; at <= ${#T}; at++)); do
		[[ ${T:at:1} != / && at -ne ${#T} ]] || chmod a+x "${T:0:at}"
	done
	rm "$BUNDLE/config.json"
	as_person spec --rootless --bundle "$BUNDLE"
	update_config '.process.terminal = false | .process.args = ["sleep", "1000"]'
}

clean_up() {
	local id

	for id in $(as_person list -q); do
		as_person delete --force "$id"
	done
}

# as_person ARGS...: mayfly, run by a user with nothing but a $XDG_RUNTIME_DIR.
as_person() {
	timeout -k 5 "${DEADLINE:-10}" setpriv --reuid "$PERSON" --regid "$PERSON" --clear-groups \
		env -i "PATH=$PATH" "XDG_RUNTIME_DIR=$T/run" "$T/mayfly" "$@"
}
is_stopped() { [[ $(as_person state "$1" | jq -r .status) == stopped ]]; }

# refuses JQ TEXT...: with the configuration changed so, run fails with one line that has every TEXT, and nothing stays.
refuses() {
	local filter=$1

	shift
	cp -p "$BUNDLE/config.json" "$T/kept"
	update_config "$filter"
	run -1 as_person run --bundle "$BUNDLE" refused
	cat "$T/kept" >"$BUNDLE/config.json"
	error_is_one_line "$@" || return 1
	run -0 as_person list -q
	output_is ""
}

limit_refused() {
	local text=$2

	! has_controllers || text="rootless needs no limits"
	refuses ".linux.resources = $1" "$text"
}

@test "an ordinary user: run, with the user as root inside and the program's exit status" {
	set_script 'id -u; id -g; tr -s " " </proc/self/uid_map; grep NoNewPrivs /proc/self/status; exit 9'
	run -9 as_person run --bundle "$BUNDLE" test
	output_is $'0\n0\n 0 4242 1\nNoNewPrivs:\t1'
	[[ $(stat -c '%a %u' "$T/run/mayfly") == "1700 $PERSON" ]]
}

@test "an ordinary user: create, start, state, list, exec, kill, delete" {
	quietly as_person create --bundle "$BUNDLE" test
	run -0 as_person state test
	[[ $(jq -r .status <<<"$output") == created ]]
	as_person start test
	run -3 as_person exec test sh -c 'id -u; exit 3'
	output_is 0
	run -0 as_person list -q
	output_is test
	as_person kill test KILL
	wait_for is_stopped test
	as_person delete test
	run -1 as_person state test
	output_has "container does not exist"
}

@test "an ordinary user: delete --force of one that runs; kill --all, without a cgroup to look into" {
	set_script 'trap "exit 3" USR1; echo ready; while :; do sleep 0.1; done'
	quietly as_person create --bundle "$BUNDLE" test
	as_person start test
	wait_for grep -q ready "$T/stdout"
	run -0 as_person kill --all test USR1
	wait_for is_stopped test
	as_person delete test
	set_args sleep 1000
	quietly as_person create --bundle "$BUNDLE" test
	as_person start test
	as_person delete --force test
	run -0 as_person list -q
	output_is ""
}

@test "an ordinary user: a limit or a cgroup that cannot be had is refused by name" {
	# Where the controllers are there, it is the cgroup that the user may not make.
	limit_refused '{memory: {limit: 67108864}}' linux.resources.memory.limit
	limit_refused '{pids: {limit: 7}}' linux.resources.pids.limit
	limit_refused '{cpu: {quota: 50000}}' linux.resources.cpu.quota
	limit_refused '{unified: {"memory.high": "1000000"}}' linux.resources.unified.memory.high
	refuses '.linux.cgroupsPath = "/of/root"' linux.cgroupsPath "no permission is granted for cgroups"
	refuses '.linux.cgroupsPath = "beside"' linux.cgroupsPath "no permission is granted for cgroups"
}

@test "an ordinary user: what only root may do is refused by name" {
	refuses 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))' \
		"rootless container requires user namespaces"
	refuses '.process.user.additionalGids = [5]' process.user.additionalGids
	refuses '.process.user.uid = 5' process.user.uid
	refuses '.process.oomScoreAdj = -500' process.oomScoreAdj
	refuses '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99999999, hard: 99999999}]' 'process.rlimits[0]'
	refuses '.process.scheduler = {policy: "SCHED_FIFO", priority: 1}' process.scheduler
	refuses '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' 'linux.sysctl["net.ipv4.ip_forward"]'
}

@test "an ordinary user: pause, update, ps and events need a cgroup, and say that there is none" {
	local verb

	quietly as_person create --bundle "$BUNDLE" test
	as_person start test
	for verb in "pause test" "ps test" "update --pids-limit 5 test" "events --stats test"; do
		# shellcheck disable=SC2086 # words
		run -1 as_person $verb
		error_is_one_line "has no cgroup"
	done
	run -0 as_person state test
	[[ $(jq -r .status <<<"$output") == running ]]
}

@test "an ordinary user: in a network namespace of its own, /sys is its own too" {
	update_config '.linux.namespaces += [{type: "network"}]
		| .mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]} else . end)'
	set_script 'ls /sys/class/net; grep " /sys " /proc/mounts | cut -d " " -f 3'
	run -0 as_person run --bundle "$BUNDLE" test
	output_is $'lo\nsysfs'
}

@test "an ordinary user: device nodes are the host's, bound; others cannot be made" {
	set_script 'echo x >/dev/null && echo null; head -c 2 /dev/zero | wc -c; mknod /dev/mem c 1 1 || echo denied'
	run -0 as_person run --bundle "$BUNDLE" test
	output_matches $'^null\n2\n.*\ndenied$'
}

@test "an ordinary user: a deadline by annotation, and the verdict" {
	update_config '.annotations = {"dev.mayfly.limit.wall": "500ms"}'
	run -137 as_person run --bundle "$BUNDLE" test
	[[ $(as_person result test | jq -r '.verdict, .signal' | xargs) == "timeout 9" ]]
	update_config '.annotations = {"dev.mayfly.result": "spool"} | .process.args = ["sh", "-c", "exit 42"]'
	run -42 as_person run --bundle "$BUNDLE" test
	[[ $(as_person result test | jq -r '.verdict, .exit_code' | xargs) == "exit 42" ]]
}
