#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line with the runtime behind it: what each command prints. The words of its parser are tested
# without root in tests/unit/command_line.

load helpers

@test "cli: features is one JSON document, and nothing is on standard error" {
	run -0 --separate-stderr "$MAYFLY" features
	[[ -z $stderr ]] || fail "standard error: $stderr"
	jq -e '.ociVersionMin and .ociVersionMax and (.linux.namespaces | index("user")) and
		(.mountOptions | index("rro")) and .linux.mountExtensions.idmap.enabled' <<<"$output"
}

@test "cli: no line of --version but the first holds the word version" {
	run -0 "$MAYFLY" --version
	[[ ${lines[0]} =~ ^mayfly\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[[ $(grep -c version <<<"$output") == 1 ]]
	output_has "commit: "
	output_has "spec: 1."
}

@test "cli: what spec writes can be run" {
	cd "$BUNDLE"
	rm config.json
	run -0 mayfly spec
	output_is ""
	update_config '.process.terminal = false | .process.args = ["echo", "hello"] | .linux.cgroupsPath = $path' --arg path "$CGROUP"
	if ! has_controllers; then
		update_config 'del(.linux.resources)'
	fi
	run -0 mayfly run test
	output_is hello
}

@test "cli: spec does not write over a config.json" {
	cd "$BUNDLE"
	run -1 mayfly spec
	error_is_one_line "File config.json exists. Remove it first"
}

@test "cli: list says of each container what state says" {
	a_running test
	run -0 mayfly list --format json
	[[ $(jq -r '.[0].id, .[0].status, .[0].bundle, .[0].pid' <<<"$output") == \
		$(mayfly state test | jq -r '.id, .status, .bundle, .pid') ]]
	jq -e '.[0] | .owner == "root" and (.created | test("^20[0-9-]+T[0-9:.]+Z$"))' <<<"$output"
	run -0 mayfly list --quiet
	output_is test
	run -0 mayfly list
	output_matches '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
	output_matches $'\ntest +[0-9]+ +running +/.* root$'
}

@test "cli: list of a root without containers" {
	mkdir -p -m 700 "$ROOT"
	run -0 mayfly list -q
	output_is ""
	run -0 mayfly list -f json
	output_is "[]"
}

@test "cli: ps names every process of the container" {
	set_script 'sleep 1000 & sleep 1000 & wait'
	create test
	mayfly start test
	three() { [[ $(mayfly ps --format json test | jq length) == 3 ]]; }
	wait_for three
	run -0 mayfly ps test
	[[ $(grep -c 'sleep 1000' <<<"$output") -ge 2 ]]
	output_matches '^UID +PID'
	run -0 mayfly ps test -o pid,args
	[[ ${#lines[@]} == 4 ]]
}

@test "cli: plan starts nothing and needs no root directory" {
	run -0 mayfly plan --bundle "$BUNDLE"
	output_matches 'exec .*true'
	[[ ! -e $ROOT ]]
	cd "$BUNDLE"
	run -0 mayfly plan .
	output_matches 'exec .*true'
}

@test "cli: a plan that is refused names the field" {
	update_config '.linux.namespaces[2].type = "utz"'
	run -1 mayfly plan --bundle "$BUNDLE"
	error_is_one_line "linux.namespaces[2].type" utz
}

@test "cli: exec takes users by exact number alone" {
	local user

	a_running test
	run -0 mayfly exec -u 1 test sh -c 'id -u; id -g'
	output_is $'1\n0'
	run -0 mayfly exec --user 1000:1001 test sh -c 'id -u; id -g'
	output_is $'1000\n1001'
	run -0 mayfly exec -u 4294967294 test id -u
	output_is 4294967294
	for user in -1 4294967295 4294967296 1x 0x1 '' nobody +1 ' 1' 1: :1 1:x 1:4294967295; do
		run -255 mayfly exec --user="$user" test id -u
		error_is_one_line "--user"
	done
}

@test "cli: the options of exec end at the container's id" {
	a_running test
	run -0 mayfly exec test echo --user -t -- -e
	output_is "--user -t -- -e"
}

@test "cli: exec gives back the command's status, and 255 is its own" {
	a_running test
	run -3 mayfly exec test sh -c 'exit 3'
	run -137 mayfly exec test sh -c 'kill -9 $$'
	run -255 mayfly exec nothere true
	error_is_one_line "container does not exist"
	run -1 mayfly exec --nonsense test true
}

@test "cli: signals by number and by name" {
	local signal count=0

	set_script 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	got() { [[ $(grep -c usr1 "$T/stdout") == "$1" ]]; }
	for signal in 10 USR1 SIGUSR1 usr1; do
		run -0 mayfly kill test "$signal"
		wait_for got $((++count))
	done
	run -0 mayfly kill test 0
	for signal in 65 -9 NOPE '' 4294967305; do
		run -1 mayfly kill test "$signal"
		error_is_one_line signal
	done
	[[ $(status_of test) == running ]]
}

@test "cli: --systemd-cgroup is accepted by every command on a container" {
	a_running test
	run -0 mayfly --systemd-cgroup state test
	run -0 mayfly --systemd-cgroup list
	run -0 mayfly --systemd-cgroup kill test KILL
	run -0 mayfly --systemd-cgroup delete --force test
}

@test "cli: create with --systemd-cgroup says when there is no systemd, or no name of a unit" {
	local sentence="systemd is not running on this host"

	[[ ! -d /run/systemd/system ]] || sentence='expected cgroupsPath to be of format "slice:prefix:name"'
	# The hybrid layout is said first.
	[[ $CGROUP_MOUNT == /sys/fs/cgroup ]] || sentence="cgroup v2 (unified) required"
	run -1 quietly mayfly --systemd-cgroup create --bundle "$BUNDLE" test
	error_is_one_line "$sentence"
	nothing_of test
}

# --- errors that say what to do ------------------------------------------------------------------------

@test "errors: a terminal without a socket names both ways out" {
	update_config '.process.terminal = true'
	run -1 create test
	error_is_one_line "cannot allocate tty" "--console-socket" "process.terminal"
	update_config '.process.terminal = false'
	a_running test
	run ! mayfly exec --tty --detach test true
	error_is_one_line "cannot allocate tty" "--console-socket" "--tty"
}

@test "errors: a file that is no JSON is named, with line and column" {
	printf '{\n "ociVersion": "1.0.2",\n "process": {"uid": 01}\n}\n' >"$BUNDLE/config.json"
	run -1 mayfly run --bundle "$BUNDLE" test
	error_is_one_line "$BUNDLE/config.json:3:21: not JSON"
	cp "$WORK/template/config.json" "$BUNDLE/config.json"
	update_config '.linux.cgroupsPath = $path' --arg path "$CGROUP"
	a_running test
	echo '{"args": ["true"]' >"$T/process.json"
	run -255 mayfly exec --process "$T/process.json" test
	error_is_one_line "$T/process.json:2:1: not JSON"
	run -1 mayfly update --resources - test <<<'{"memory"}'
	error_is_one_line 'standard input:1:10: not JSON'
}

@test "errors: --debug tells what of config.json is ignored, and nothing else does" {
	set_args true
	update_config '.linux.sharez = 1 | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["frobnicate"], action: "SCMP_ACT_ERRNO"}]}'
	run -0 mayfly --log "$T/log" --log-level warning run --bundle "$BUNDLE" test
	! grep -q sharez "$T/log" || fail "$(<"$T/log")"
	for level in --debug '--log-level debug'; do
		rm "$T/log"
		# shellcheck disable=SC2086
		run -0 mayfly --log "$T/log" $level run --bundle "$BUNDLE" test
		grep -q 'debug.*ignored: linux.sharez: no key of the specification' "$T/log" || fail "$(<"$T/log")" || return 1
		grep -q 'debug.*ignored: linux.seccomp.syscalls: not known .*frobnicate' "$T/log" || fail "$(<"$T/log")" || return 1
	done
}

@test "errors: an id says which characters it may have" {
	run -1 mayfly state 'a b'
	error_is_one_line 'invalid container ID format: "a b"' 'a-z A-Z 0-9 _ + - .'
}

@test "errors: an unknown log format lists the known ones" {
	run -1 mayfly --log-format yaml list
	error_is_one_line "invalid log-format: yaml" "text or json"
}

@test "errors: a state root of somebody else says what to do" {
	mkdir -m 700 "$T/theirs" "$T/closed"
	chown 1000 "$T/theirs"
	ROOT=$T/theirs run -1 mayfly list
	error_is_one_line "belongs to user 1000" "--root"
	run -1 setpriv --reuid 1000 --clear-groups "$MAYFLY" --root "$T/closed/a" list
	error_is_one_line "permission denied" "--root"
}

@test "errors: plan says that a word without a slash was taken as an id" {
	cd "$T"
	run -1 mayfly plan bundle
	error_is_one_line "config.json not found" "mayfly plan ./bundle"
}

@test "errors: exec --cwd is not blamed on config.json" {
	a_running test
	run -255 mayfly exec --cwd /nowhere test true
	error_is_one_line "--cwd: chdir to cwd (\"/nowhere\") failed: no such file or directory"
	output_lacks config.json
	run -255 mayfly exec --cwd nowhere test true
	error_is_one_line '--cwd: "nowhere" is not absolute'
}

@test "errors: help has the nearest command, too" {
	run -1 mayfly help rum
	error_is_one_line 'no such command: "rum"' 'did you mean "run"?'
}
