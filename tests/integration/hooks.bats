#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six hooks: order, where they run, what they are told, and what their failure means.

load helpers

# hook NAME SCRIPT: a script for the host at $T/NAME; the container sees the same at /hooks.
hook_script() {
	mkdir -p "$T/hooks"
	printf '#!/bin/sh\n%s\n' "$2" >"$T/hooks/$1"
	chmod 755 "$T/hooks/$1"
}

# add_hook POINT SCRIPT [JSON MEMBERS]
add_hook() {
	local point=$1 path=$T/hooks/$1

	hook_script "$1" "$2"
	if [[ $point == startContainer ]]; then
		path=/hooks/$point
		mkdir -p "$ROOTFS/hooks"
		cp "$T/hooks/$point" "$ROOTFS/hooks/$point"
	fi
	update_config ".hooks[\$point] += [{path: \$path} + ${3:-{\}}]" --arg point "$point" --arg path "$path"
}

@test "hooks: prestart is told that the container is created" {
	update_config '.hooks.prestart = [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $file]}]' --arg file "$T/state.json"
	set_args true
	create test
	jq -e '.status == "created"' "$T/state.json"
}

@test "hooks: they run in the order of the spec, each at its time" {
	local point

	mkdir -m 777 "$T/log"
	update_config '.mounts += [{destination: "/log", source: $l, options: ["bind"]}]' --arg l "$T/log"
	mkdir "$ROOTFS/log"
	for point in prestart createRuntime createContainer poststart poststop; do
		add_hook "$point" "echo $point >>$T/log/order"
	done
	add_hook startContainer 'echo startContainer >>/log/order'
	set_script 'echo program >>/log/order; sleep 1000'
	create test
	[[ $(<"$T/log/order") == $'prestart\ncreateRuntime\ncreateContainer' ]] || fail "$(<"$T/log/order")"
	mayfly start test
	wait_for grep -q program "$T/log/order"
	wait_for grep -q poststart "$T/log/order"
	[[ $(sed -n 4p "$T/log/order") == startContainer ]]
	mayfly delete --force test
	[[ $(tail -1 "$T/log/order") == poststop ]] || fail "$(<"$T/log/order")"
	[[ $(sort "$T/log/order" | uniq -d) == "" ]]
}

@test "hooks: the state is on standard input, with a pid that is the container's" {
	add_hook createRuntime "cat >$T/state.json; readlink /proc/\$(jq -r .pid <$T/state.json)/ns/net >$T/net"
	set_args sleep 1000
	update_config '.annotations = {"a.b": "c"}'
	create test
	jq -e '.id == "test" and .pid > 1 and (.status | test("creating|created")) and .annotations == {"a.b": "c"}' "$T/state.json"
	jq -e --arg b "$BUNDLE" '.bundle == $b and (.ociVersion | startswith("1."))' "$T/state.json"
	[[ $(jq .pid "$T/state.json") == "$(pid_of test)" ]]
	[[ $(<"$T/net") == "$(readlink "/proc/$(pid_of test)/ns/net")" ]]
	[[ $(jq -s length "$T/state.json") == 1 ]]
}

@test "hooks: the status fits the point" {
	local point

	for point in prestart createRuntime poststart poststop; do
		add_hook "$point" "jq -r .status >$T/$point"
	done
	a_running test
	mayfly delete --force test
	[[ $(<"$T/prestart") =~ ^creat(ing|ed)$ && $(<"$T/createRuntime") =~ ^creat(ing|ed)$ ]]
	[[ $(<"$T/poststart") == running ]]
	[[ $(<"$T/poststop") == stopped ]]
}

@test "hooks: createRuntime runs in the host's namespaces, createContainer in the container's" {
	add_hook createRuntime "readlink /proc/self/ns/mnt /proc/self/ns/uts >$T/runtime"
	add_hook createContainer "readlink /proc/self/ns/uts >$T/container; test -d $T && echo host-tree >>$T/container"
	set_args sleep 1000
	create test
	[[ $(<"$T/runtime") == "$(readlink /proc/self/ns/mnt /proc/self/ns/uts)" ]]
	[[ $(<"$T/container") == "$(readlink "/proc/$(pid_of test)/ns/uts")"$'\nhost-tree' ]]
}

@test "hooks: startContainer runs in the container's root, before the program" {
	add_hook startContainer 'ls -d /hooks; hostname' '{env: ["PATH=/bin"]}'
	update_config '.mounts += [{destination: "/mnt", source: $l, options: ["bind"]}]' --arg l "$T"
	hook_script ignored true
	printf '#!/bin/sh\nhostname >/mnt/name; ls / >/mnt/root\n' >"$ROOTFS/hooks/startContainer"
	run -0 in_container 'cat /mnt/name'
	output_has box
	grep -qx hooks "$T/root"
}

@test "hooks: args and env are as given, and the environment is nothing else" {
	add_hook createRuntime "printf '%s\n' \"\$0\" \"\$@\" >$T/args; env >$T/env" '{args: ["name", "one", "two words"], env: ["PATH=/bin:/usr/bin", "A=b"]}'
	run -0 in_container true
	[[ $(tail -n +2 "$T/args") == $'one\ntwo words' ]]
	[[ $(grep -v -E '^(PWD|SHLVL|_)=' "$T/env" | sort) == $'A=b\nPATH=/bin:/usr/bin' ]] || fail "$(<"$T/env")"
}

@test "hooks: several of one point run one after the other" {
	add_hook createRuntime "echo \$1 >>$T/order" '{args: ["x", "1"]}'
	update_config '.hooks.createRuntime += [.hooks.createRuntime[0] | .args = ["x", "2"]]'
	run -0 in_container true
	[[ $(<"$T/order") == $'1\n2' ]]
}

@test "hooks: one that fails before start fails create, and nothing is left" {
	local point

	for point in prestart createRuntime createContainer; do
		update_config 'del(.hooks)'
		add_hook "$point" 'echo because >&2; exit 3'
		run -1 create test
		error_is_one_line "error running $point hook #0" "exit status 3" because
		nothing_of test
	done
}

@test "hooks: a startContainer hook that fails fails start" {
	add_hook startContainer 'exit 3'
	set_args sleep 1000
	create test
	run -1 mayfly start test
	error_is_one_line startContainer
	nothing_of test
}

@test "hooks: a poststart hook that fails stops the container" {
	add_hook poststart 'exit 3'
	set_args sleep 1000
	create test
	run -1 mayfly start test
	error_is_one_line poststart
	run mayfly state test
	((status != 0)) || [[ $(status_of test) == stopped ]]
}

@test "hooks: a poststop hook that fails is no failure of delete, and the next one runs" {
	add_hook poststop "echo \$1 >>$T/order; exit 3" '{args: ["x", "1"]}'
	update_config '.hooks.poststop += [.hooks.poststop[0] | .args = ["x", "2"]]'
	a_running test
	run -0 mayfly delete --force test
	[[ $(<"$T/order") == $'1\n2' ]]
}

@test "hooks: create that fails after hooks runs the poststop hooks" {
	add_hook poststop "echo ran >>$T/poststop"
	add_hook createRuntime 'exit 1'
	run -1 create test
	[[ -e $T/poststop ]]
}

@test "hooks: one that takes longer than its timeout is killed and fails" {
	local began=$SECONDS

	add_hook createRuntime "sleep 60; echo late >$T/late" '{timeout: 1}'
	run -1 create test
	error_is_one_line "timeout"
	((SECONDS - began < 8)) || fail "it took $((SECONDS - began)) s"
	nothing_of test
}

@test "hooks: one that forks does not hold create up" {
	local began=$SECONDS

	add_hook createRuntime '(sleep 30) & exit 0'
	set_args sleep 1000
	run -0 create test
	((SECONDS - began < 8))
	pkill -x sleep -P 1 || true
}

@test "hooks: a timeout of 0 or less is refused" {
	add_hook createRuntime true '{timeout: -1}'
	run -1 create test
	error_is_one_line timeout
}

@test "hooks: a path that is relative or missing is refused" {
	update_config '.hooks = {createRuntime: [{path: "relative"}]}'
	run -1 create test
	error_is_one_line hook
	update_config '.hooks = {createRuntime: [{path: "/no/such/hook"}]}'
	run -1 create test
	error_is_one_line createRuntime "no such file or directory"
	nothing_of test
}

@test "hooks: one that does not read its input does no harm" {
	add_hook createRuntime 'exec 0<&-; exit 0'
	update_config '.annotations = ([range(2000) | {key: "a.\(.)", value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}] | from_entries)'
	run -0 in_container true
}

@test "hooks: what they print does not come out of mayfly" {
	add_hook createRuntime 'echo noise; echo noise >&2'
	run -0 in_container 'echo only this'
	output_is "only this"
}

@test "hooks: no descriptor of mayfly's reaches them" {
	add_hook createRuntime "ls -l /proc/self/fd | grep -v 'fd/' | awk '{print \$9, \$11}' | grep -E '^([3-9]|[1-9][0-9]+) ' >$T/fds"
	run -0 in_container true
	! grep -v "/proc/" "$T/fds" | grep -q . || fail "$(<"$T/fds")"
}
