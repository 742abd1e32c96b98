#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Ordinary containers with a monitor: limits by annotation or option, and `mayfly result`.
# shellcheck disable=SC2016,SC2034,SC2154

load helpers

prepare() { DEADLINE=60; }

# annotate NAME VALUE: dev.mayfly.NAME.
annotate() { update_config '.annotations["dev.mayfly." + $name] = $value' --arg name "$1" --arg value "$2"; }

# start_script ID SCRIPT: created and started.
start_script() {
	set_script "$2"
	create "$1"
	mayfly start "$1"
}

# verdict_of ID: waits for its end, and leaves its result in $T/result.
verdict_of() {
	mayfly result --wait "$1" >"$T/result" || fail "no result of $1" || return 1
	jq -r .verdict "$T/result"
}
of() { jq -r "$1" "$T/result"; }
verdict_is() { [[ $(verdict_of "$1") == "$2" ]] || fail "expected the verdict $2" "got: $(cat "$T/result")"; }

monitors() { pgrep -fx "mayfly-monitor $1" || true; }
monitor_of() { monitors "$1" | head -1; }
no_monitor() { [[ -z $(monitors "$1") ]]; }

# --- verdicts ------------------------------------------------------------------------------------------------------------------

@test "watched: without a limit there is no monitor and no result" {
	start_script test 'sleep 100'
	no_monitor test
	run -1 mayfly result test
	error_is_one_line 'is not watched'
	mayfly delete --force test
	[[ ! -e $ROOT/.results ]]
}

@test "watched: a deadline by annotation is kept without its creator" {
	annotate limit.wall 500ms
	start_script test 'exec sleep 100'
	verdict_is test timeout
	wait_for status_is test stopped
	[[ $(of .signal) == 9 && $(of .exit_code) == null && $(of .limits.wall_ns) == 500000000 && $(of .id) == test ]]
	(($(of .time.wall_ns) >= 500000000 && $(of .time.wall_ns) < 3000000000))
	wait_for no_monitor test
}

@test "watched: the clock begins with the program, not with create" {
	annotate limit.wall 1s
	set_script 'sleep 0.2'
	create test
	sleep 1.5
	status_is test created
	mayfly start test
	verdict_is test ok
}

@test "watched: the program's own end is told exactly" {
	annotate result spool
	start_script a true
	verdict_is a ok
	[[ $(of .exit_code) == 0 && $(of .signal) == null ]]
	start_script b 'exit 42'
	verdict_is b exit
	[[ $(of .exit_code) == 42 ]]
	# Process 1 of its own pid namespace dies of a fault, and of nothing that it sends itself.
	update_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	start_script c 'kill -11 $$'
	verdict_is c signal
	[[ $(of .signal) == 11 && $(of .exit_code) == null ]]
}

@test "watched: options of run and create are the same limits" {
	set_script 'sleep 100'
	run -137 mayfly run --wall 300ms --bundle "$BUNDLE" test
	verdict_is test timeout
	create --wall 300ms two
	mayfly start two
	verdict_is two timeout
}

@test "watched: TERM, grace, KILL: exit 0 in its grace is a timeout, and 0 is kept" {
	annotate limit.wall 500ms
	annotate limit.grace 20s
	start_script test 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	verdict_is test timeout
	[[ $(of .exit_code) == 0 && $(of '[.cause.sent[].sig] | join(",")') == 15 ]]
}

@test "watched: CPU time of all processes" {
	annotate limit.cpu 300ms
	start_script test 'while :; do :; done & while :; do :; done'
	verdict_is test cpu-limit
}

@test "watched: of the output exactly the limit is passed on" {
	annotate limit.output 1000
	set_script 'yes | head -c 100000; sleep 100'
	mayfly run --bundle "$BUNDLE" test >"$T/out" || true
	[[ $(stat -c %s "$T/out") == 1000 ]]
	verdict_is test output-limit
	[[ $(of .stdout.bytes) == 1000 && $(of .stdout.truncated) == true ]]
	set_script 'head -c 1000 /dev/zero'
	mayfly run --bundle "$BUNDLE" test >"$T/out"
	verdict_is test ok
	[[ $(stat -c %s "$T/out") == 1000 ]]
}

@test "watched: output of create goes to its caller's pipe, which ends with the container" {
	annotate limit.output 1MiB
	annotate limit.wall 20s
	set_script 'echo hello; echo error >&2'
	mkfifo "$T/pipe"
	cat "$T/pipe" >"$T/out" &
	mayfly create --bundle "$BUNDLE" test </dev/null >"$T/pipe" 2>&1 3>&- 4>&-
	mayfly start test
	wait $!
	[[ $(cat "$T/out") == $'hello\nerror' ]]
	verdict_is test ok
}

@test "watched: nobody waits for the monitor at the end of a pipe" {
	annotate limit.wall 30s
	# The program closes its own: only a monitor could hold the pipe.
	set_script 'exec >/dev/null 2>&1; sleep 3'
	mkfifo "$T/pipe"
	timeout 20 cat "$T/pipe" >"$T/out" &
	mayfly create --bundle "$BUNDLE" test </dev/null >"$T/pipe" 2>&1 3>&- 4>&-
	mayfly start test
	wait $!
	status_is test running
}

@test "watched: a program that cannot be executed" {
	annotate limit.wall 30s
	set_args /etc
	create test || true
	mayfly start test || true
	verdict_is test start-failed
}

@test "watched: frozen by pause, it is still ended" {
	annotate limit.wall 1s
	start_script test 'sleep 100'
	mayfly pause test
	verdict_is test timeout
}

@test "watched: fork bombs end where that was asked for" {
	needs_controllers pids
	annotate on.pids kill
	update_config '.linux.resources.pids.limit = 10'
	start_script test 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do sleep 100 & done; wait'
	verdict_is test pids-limit
}

@test "watched: a forbidden system call has a name" {
	annotate on.syscall kill
	update_config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls:
		[{names: ["sethostname"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	start_script test 'hostname other; sleep 100'
	verdict_is test syscall
	[[ $(of .syscall.name) == sethostname ]]
}

# --- results -------------------------------------------------------------------------------------------------------------------

@test "watched: a result outlives its container" {
	annotate limit.wall 300ms
	start_script test 'sleep 100'
	wait_for status_is test stopped
	mayfly delete test
	[[ ! -e $ROOT/test ]]
	verdict_is test timeout
	run -1 mayfly result other
	error_is_one_line 'no result of "other" is kept'
}

@test "watched: delete --force of a running one is a cancellation" {
	annotate limit.wall 100s
	start_script test 'sleep 100'
	mayfly delete --force test
	verdict_is test cancelled
	[[ $(of .cause.cancelled_by) == delete ]]
	no_monitor test
}

@test "watched: delete of one that was never started" {
	annotate limit.wall 100s
	set_script true
	create test
	mayfly delete test
	verdict_is test cancelled
	[[ $(of .time.wall_ns) == null && $(of .time.started_at) == null ]]
}

@test "watched: kill ends it as a signal" {
	annotate limit.wall 100s
	start_script test 'sleep 100'
	mayfly kill test KILL
	verdict_is test signal
	[[ $(of .signal) == 9 ]]
}

@test "watched: while it runs there is no result, and state has none" {
	annotate limit.wall 100s
	start_script test 'sleep 100'
	run -1 mayfly result test
	error_is_one_line 'has not ended yet'
	[[ $(mayfly state test | jq .mayfly) == null ]]
	mayfly kill test KILL
	wait_for status_is test stopped
	wait_for no_monitor test
	[[ $(mayfly state test | jq -r .mayfly.verdict) == signal ]]
	mayfly list --format json | jq -e '.[0].mayfly.verdict == "signal"'
}

@test "watched: poststop hooks read the verdict" {
	annotate limit.wall 300ms
	update_config '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $file]}]' --arg file "$T/hook.state"
	start_script test 'sleep 100'
	wait_for status_is test stopped
	mayfly delete test
	[[ $(jq -r .mayfly.verdict "$T/hook.state") == timeout && $(jq -r .status "$T/hook.state") == stopped ]]
}

@test "watched: the verdict on the container's stderr" {
	annotate limit.wall 300ms
	annotate result stderr
	set_script 'echo before >&2; exec sleep 100'
	mayfly run --bundle "$BUNDLE" test 2>"$T/err" || true
	[[ $(head -1 "$T/err") == before ]]
	grep -q '^mayfly: timeout: wall time limit of 0.3 s reached' "$T/err"
}

@test "watched: Kubernetes' termination log, when the program left it empty" {
	annotate limit.wall 300ms
	annotate result termination-log
	touch "$T/log"
	update_config '.mounts += [{destination: "/dev/termination-log", type: "bind", source: $file, options: ["bind"]}]' \
		--arg file "$T/log"
	start_script test 'sleep 100'
	verdict_is test timeout
	wait_for no_monitor test
	grep -q '^mayfly: timeout: ' "$T/log"
	mayfly delete test
	: >"$T/log"
	start_script two 'echo mine >/dev/termination-log; sleep 100'
	verdict_is two timeout
	wait_for no_monitor two
	[[ $(cat "$T/log") == mine ]]
}

@test "watched: results are bounded in number and age" {
	mkdir -p "$ROOT/.results"
	for ((i = 0; i < 1100; i++)); do echo '{}' >"$ROOT/.results/old$i"; done
	touch -d '2 days ago' "$ROOT/.results/old7"
	annotate result spool
	set_script true
	mayfly run --bundle "$BUNDLE" test
	[[ $(find "$ROOT/.results" -type f | wc -l) == 1024 ]]
	[[ -e $ROOT/.results/test && ! -e $ROOT/.results/old7 ]]
}

# --- the monitor dies ----------------------------------------------------------------------------------------------------------

@test "watched: killed, it leaves the container, and the result says that the watch was lost" {
	annotate limit.wall 2s
	start_script test 'exec sleep 100'
	kill -9 "$(monitor_of test)"
	wait_for no_monitor test
	sleep 2.5
	status_is test running
	verdict_is test engine-error
	[[ $(of .message) == *'the watch over this container was lost'* ]]
	mayfly delete --force test
	verdict_is test engine-error
}

@test "watched: signals but KILL do not end the monitor" {
	annotate limit.wall 2s
	start_script test 'exec sleep 100'
	for signal in TERM INT HUP QUIT PIPE ALRM; do kill "-$signal" "$(monitor_of test)"; done
	verdict_is test timeout
}

@test "watched: it has a session of its own, holds nothing of the caller's, and is not in the container's cgroup" {
	annotate limit.wall 100s
	exec {extra}>"$T/extra"
	start_script test 'exec sleep 100'
	exec {extra}>&-
	pid=$(monitor_of test)
	[[ $(ps -o sid= "$pid" | tr -d ' ') == "$pid" ]]
	if grep -q "c$BATS_TEST_NUMBER\$" "/proc/$pid/cgroup"; then fail "it is in the container's cgroup"; fi
	for fd in "/proc/$pid/fd"/*; do
		[[ $(readlink "$fd") != "$T"/@(extra|stdout|stderr) ]] || fail "it holds the caller's $(readlink "$fd")"
	done
	[[ $(readlink "/proc/$pid/fd/0") == /dev/null && $(readlink "/proc/$pid/cwd") == / ]]
}

# --- refused -------------------------------------------------------------------------------------------------------------------

# refuses NAME VALUE TEXT...: create is refused with a line that names it, before anything was made.
refuses() {
	annotate "$1" "$2"
	run -1 create test
	error_is_one_line "dev.mayfly.$1" "${@:3}"
	nothing_of test
	update_config 'del(.annotations)'
}

@test "watched: unknown annotations, and values out of range" {
	set_script true
	refuses limit.wal 1s 'no such limit'
	refuses limit.memory 64MiB 'linux.resources'
	refuses wall 1s 'knows no such annotation'
	refuses ids private 'knows no such annotation'
	refuses limit.wall 1 'a time like'
	refuses limit.wall -1s 'a time like'
	refuses limit.wall 99999999999999999999s 'a time like'
	refuses limit.output 9999999999T 'a size like'
	refuses on.oom never 'not group or process'
	refuses on.output maybe 'not kill, discard or block'
	refuses result /etc/passwd 'not spool, stderr or termination-log'
	refuses result termination-log 'nothing is mounted at /dev/termination-log'
	refuses on.pids kill 'needs linux.resources.pids.limit'
	refuses on.syscall kill 'no linux.seccomp'
	refuses on.syscall record 'weaker'
}

@test "watched: a terminal's output cannot be limited" {
	update_config '.process.terminal = true'
	annotate limit.output 1000
	run -1 create --console-socket /nowhere test
	error_is_one_line 'dev.mayfly.limit.output' terminal
}

@test "watched: an option that is wrong is named" {
	run -1 create --wall soon test
	error_is_one_line '--wall' 'a time like'
}

@test "watched: the operator's file has ceilings and an allow-list" {
	GLOBAL=(--limits-file "$T/limits.json")
	set_script 'sleep 0.1'
	echo '{"ceilings": {"wall": "10s"}, "allow": ["limit.*"]}' >"$T/limits.json"
	refuses limit.wall 11s 'more than this host'
	refuses limit.wall 0 'more than this host'
	refuses result spool 'does not allow it'
	annotate limit.wall 10s
	create test
	mayfly start test
	verdict_is test ok
	mayfly delete test
	echo '{"ceiling": {"wall": "10s"}}' >"$T/limits.json"
	run -1 create test
	error_is_one_line limits.json 'unknown name "ceiling"'
	echo '{}' >"$T/limits.json"
	chmod 666 "$T/limits.json"
	run -1 create test
	error_is_one_line limits.json 'nobody else may write it'
	rm "$T/limits.json"
	run -1 create test
	error_is_one_line limits.json
	# Who asks for nothing is not asked.
	update_config 'del(.annotations)'
	mayfly run --bundle "$BUNDLE" test
}

@test "watched: annotations cannot ask for more than the options" {
	annotate limit.wall 11s
	run -1 create --wall 10s test
	error_is_one_line annotations 'only ask for less'
	annotate limit.wall 300ms
	set_script 'sleep 100'
	run -137 mayfly run --wall 10s --bundle "$BUNDLE" test
	verdict_is test timeout
	[[ $(of .limits.wall_ns) == 300000000 ]]
}
