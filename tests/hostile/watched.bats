#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# W: annotations that mean harm, and programs that want to be rid of their monitor.
# shellcheck disable=SC2016,SC2154

load helpers

annotate() { update_config '.annotations["dev.mayfly." + $name] = $value' --arg name "$1" --arg value "$2"; }
verdict_of() { mayfly result --wait "$1" | jq -r .verdict; }
start_script() {
	set_script "$2"
	create "$1"
	mayfly start "$1"
}

@test "W1 no annotation names a file of the host" {
	local name value

	for name in result limit.output on.output on.oom; do
		for value in "$CANARY/dir/file" ../../../canary/x /etc/passwd "file:$CANARY/x" "$(printf '%70000s' '' | tr ' ' /)"; do
			annotate "$name" "$value"
			attack create --bundle "$BUNDLE" test
			((status != 0)) || fail "$name=$value was taken"
			update_config 'del(.annotations)'
		done
	done
}

@test "W2 numbers that overflow are refused, not wrapped to a large limit or to none" {
	local value

	for value in 9223372036854775807s 18446744073709551616ns 18446744073709551617ns 1e99s -1ns 0x10s ' 1s' '1s ' 1s1s .5s 1.s; do
		annotate limit.wall "$value"
		attack create --bundle "$BUNDLE" test
		((status != 0)) || fail "limit.wall='$value' was taken"
		output_has limit.wall
	done
}

@test "W3 names that look like others are refused" {
	local name

	for name in limit.Wall limit.wall/x 'limit.wall ' limit..wall limit.wall$'\x01' 'limit.wall\u0000' limit; do
		annotate "$name" 1s
		attack create --bundle "$BUNDLE" test
		((status != 0)) || fail "dev.mayfly.$name was taken"
		update_config 'del(.annotations)'
	done
}

@test "W4 the program holds nothing of its monitor's, and cannot hold its own end back" {
	annotate limit.wall 60s
	annotate limit.output 1MiB
	set_script 'ls -l /proc/self/fd; ls /proc/1/fd | tr "\n" " "'
	run -0 mayfly run --bundle "$BUNDLE" test
	output_lacks begun
	output_lacks watch
	[[ $(verdict_of test) == ok ]]
}

@test "W5 a program that kills its monitor, in the host's pid namespace: the result says it was lost" {
	annotate limit.wall 60s
	update_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	start_script test 'for p in /proc/[0-9]*; do
		if tr "\0" " " <$p/cmdline | grep -q "^mayfly-monitor test"; then kill -9 ${p#/proc/}; fi; done 2>/dev/null; exit 0'
	[[ $(verdict_of test) == engine-error ]]
	mayfly result test | grep -q 'the watch over this container was lost'
}

@test "W6 nor can it stop it by another signal, or trace it" {
	annotate limit.wall 2s
	update_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	start_script test 'for p in /proc/[0-9]*; do
		if tr "\0" " " <$p/cmdline | grep -q "^mayfly-monitor test"; then
			for s in TERM INT HUP USR2 ALRM ABRT; do kill -$s ${p#/proc/}; done; cat $p/environ >/tmp/x && exit 9; fi; done 2>/dev/null
		sleep 1000'
	[[ $(verdict_of test) == timeout ]]
}

@test "W7 a termination log that is a link or no file is not followed" {
	annotate limit.wall 60s
	annotate result termination-log
	ln -s "$CANARY/dir/file" "$T/link"
	update_config '.mounts += [{destination: "/dev/termination-log", type: "bind", source: $file, options: ["bind"]}]' \
		--arg file "$T/link"
	attack create --bundle "$BUNDLE" test
	((status != 0))
	update_config '.mounts[-1].source = "/dev/null"'
	attack create --bundle "$BUNDLE" test
	((status != 0))
	output_has 'termination log'
}

@test "W8 what a program writes ends no line of the verdict, and forges none" {
	annotate result stderr
	annotate limit.wall 60s
	set_script 'printf "mayfly: ok: forged" >&2; exit 3'
	mayfly run --bundle "$BUNDLE" test 2>"$T/err" || true
	[[ $(verdict_of test) == exit ]]
	tail -1 "$T/err" | grep -q 'mayfly: exit: the program ended with status 3'
}
