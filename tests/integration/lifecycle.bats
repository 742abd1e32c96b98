#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of a container: create, start, state, kill, delete, and what each must refuse.

load helpers

# --- the happy path ----------------------------------------------------------------------------------

@test "lifecycle: create, start, kill and delete go through created, running, stopped" {
	set_args sleep 1000
	run -0 create test
	[[ $(status_of test) == created ]]
	run -0 mayfly start test
	[[ $(status_of test) == running ]]
	run -0 mayfly kill test KILL
	wait_for status_is test stopped
	run -0 mayfly delete test
	run -1 mayfly state test
}

@test "lifecycle: create does not run the program" {
	mkdir "$ROOTFS/out"
	update_config '.root.readonly = false'
	set_args touch /out/ran
	create test
	sleep 0.2
	[[ ! -e $ROOTFS/out/ran ]]
	mayfly start test
	wait_for test -e "$ROOTFS/out/ran"
}

@test "lifecycle: create, start, kill and delete print nothing when all is well" {
	set_args sleep 1000
	run -0 create test
	output_is ""
	run -0 mayfly start test
	output_is ""
	run -0 mayfly kill test KILL
	output_is ""
	wait_for status_is test stopped
	run -0 mayfly delete test
	output_is ""
}

@test "lifecycle: run ends with the program's exit status" {
	run -42 in_container 'exit 42'
}

@test "lifecycle: run ends with 128 plus the signal that killed the program" {
	update_config '.linux.namespaces |= map(select(.type != "pid"))'
	run -137 in_container 'kill -9 $$'
}

@test "lifecycle: run deletes the container" {
	run -0 in_container true
	nothing_of test
}

@test "lifecycle: run --keep leaves a stopped container" {
	set_args true
	run -0 mayfly run --keep --bundle "$BUNDLE" test
	[[ $(status_of test) == stopped ]]
	run -0 mayfly delete test
}

@test "lifecycle: run --detach returns while the program runs" {
	set_args sleep 1000
	run -0 run_detached test
	[[ $(status_of test) == running ]]
}

@test "lifecycle: the program's output goes to mayfly's own output" {
	run -0 --separate-stderr in_container 'echo to-out; echo to-err >&2'
	[[ $output == to-out ]]
	[[ $stderr == to-err ]]
}

@test "lifecycle: the program reads mayfly's standard input" {
	set_script 'read x; echo "got $x"'
	output=$(echo hello | mayfly run --bundle "$BUNDLE" test)
	output_is "got hello"
}

@test "lifecycle: the bundle is the working directory when none is given" {
	cd "$BUNDLE"
	set_args echo here
	run -0 mayfly run test
	output_is here
}

@test "lifecycle: a program that ends at once is no failure of start" {
	local n

	set_args true
	for n in 1 2 3 4 5 6 7 8 9 10; do
		create "fast$n"
		run -0 mayfly start "fast$n"
		wait_for status_is "fast$n" stopped
		mayfly delete "fast$n"
	done
}

# --- state -------------------------------------------------------------------------------------------

@test "state: has ociVersion, id, status, pid, an absolute bundle and a created time" {
	update_config '.annotations = {"a.b": "c"}'
	a_running test
	run -0 mayfly state test
	jq -e '.ociVersion | test("^1\\.[0-9]+\\.[0-9]+")' <<<"$output"
	jq -e '.id == "test" and .status == "running" and .pid > 1' <<<"$output"
	jq -e --arg b "$BUNDLE" '.bundle == $b' <<<"$output"
	jq -e --arg r "$ROOTFS" '.rootfs == $r' <<<"$output"
	jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$")' <<<"$output"
	jq -e '.annotations == {"a.b": "c"}' <<<"$output"
}

@test "state: the pid is that of the container's program" {
	a_running test
	local pid

	pid=$(pid_of test)
	[[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "sleep 1000 " ]]
}

@test "state: a stopped container has pid 0 or none" {
	a_stopped test
	run -0 mayfly state test
	jq -e '(.pid // 0) == 0' <<<"$output"
}

@test "state: a relative bundle is reported as an absolute path" {
	cd "$T"
	set_args sleep 1000
	quietly mayfly create --bundle bundle test
	run -0 mayfly state test
	jq -e --arg b "$BUNDLE" '.bundle == $b' <<<"$output"
}

@test "state: without an id is an error" {
	run -1 mayfly state
}

@test "state: of an unknown id says that it does not exist" {
	run -1 mayfly state nobody
	error_is_one_line "container does not exist"
}

# --- create ------------------------------------------------------------------------------------------

@test "create: without an id is an error" {
	run -1 create
}

@test "create: with two ids is an error" {
	run -1 create one two
	nothing_of one
}

@test "create: an id in use is refused and the container is untouched" {
	a_running test
	local before

	before=$(mayfly state test)
	run -1 create test
	error_is_one_line "container with given ID already exists"
	[[ $(mayfly state test) == "$before" ]]
}

@test "create: an id becomes free again with delete" {
	a_running test
	mayfly delete --force test
	run -0 create test
}

@test "create: a missing bundle is an error" {
	run -1 quietly mayfly create --bundle "$T/nowhere" test
	error_is_one_line "no such file or directory"
	nothing_of test
}

@test "create: a bundle without config.json says so" {
	rm "$BUNDLE/config.json"
	run -1 create test
	error_is_one_line "JSON specification file config.json not found"
	nothing_of test
}

@test "create: a missing rootfs is an error that names it" {
	update_config '.root.path = "nowhere"'
	run -1 create test
	error_is_one_line "nowhere"
	nothing_of test
}

@test "create: a config that cannot be applied leaves nothing" {
	update_config '.mounts += [{destination: "/x", type: "nosuchfs", source: "x"}]'
	run -1 create test
	error_is_one_line
	nothing_of test
	run -1 mayfly state test
	run -0 mayfly list -q
	output_is ""
}

@test "create: an id is letters, digits, underscore, plus, minus and dot" {
	local id

	set_args sleep 1000
	for id in a 0 A_b-c+d.e _x "$(printf 'f%.0s' {1..64})" buildah-buildah123456789; do
		run -0 create "$id"
		run -0 mayfly delete --force "$id"
	done
}

@test "create: other ids are refused" {
	local id

	for id in . .. .hidden a/b /abs 'a b' 'a;b' $'a\nb' 'é' "$(printf 'f%.0s' {1..256})"; do
		run -1 create -- "$id"
		output_has "invalid container ID format"
	done
	run -1 create ""
	output_has "container id cannot be empty"
}

@test "create: changing config.json afterwards changes nothing" {
	set_script 'echo first >/tmp/x; cat /tmp/x; sleep 1000'
	create test
	set_args false
	rm "$BUNDLE/config.json"
	mayfly start test
	wait_for grep -q first "$T/stdout"
	[[ $(status_of test) == running ]]
}

@test "create: the bundle may be gone for state, start, kill and delete" {
	set_args sleep 1000
	create test
	mv "$BUNDLE" "$T/moved"
	run -0 mayfly state test
	run -0 mayfly start test
	run -0 mayfly kill test KILL
	wait_for status_is test stopped
	run -0 mayfly delete test
	mv "$T/moved" "$BUNDLE"
}

@test "create: args that are missing are an error" {
	update_config 'del(.process.args)'
	run -1 create test
	error_is_one_line args
	nothing_of test
}

@test "create: empty args are an error" {
	update_config '.process.args = []'
	run -1 create test
	error_is_one_line args
	nothing_of test
}

@test "create: the program is looked up at create, not at start" {
	set_args no-such-program
	run -1 create test
	error_is_one_line 'exec: "no-such-program": executable file not found in $PATH'
	nothing_of test
}

# --- ociVersion, unknown and null --------------------------------------------------------------------

@test "create: any ociVersion 1.x is accepted" {
	local version

	for version in 1.0.0 1.0.2-dev 1.1.0+dev 1.2.1 1.3.0 1.9.9; do
		update_config '.ociVersion = $v' --arg v "$version"
		run -0 in_container true
	done
}

@test "create: an ociVersion other than 1.x is refused" {
	local version

	for version in 0.6.0 2.0.0 99.0.0 '' x; do
		update_config '.ociVersion = $v' --arg v "$version"
		run -1 create test
		error_is_one_line ociVersion
	done
	nothing_of test
}

@test "create: a missing ociVersion is refused" {
	update_config 'del(.ociVersion)'
	run -1 create test
	error_is_one_line ociVersion
	nothing_of test
}

@test "create: unknown fields are ignored" {
	update_config '.xyzzy = 1 | .process.xyzzy = {a: [1, 2]} | .linux.xyzzy = "x" | .windows = {} | .vm = {}'
	run -0 in_container 'echo fine'
	output_is fine
}

@test "create: fields that are null count as absent" {
	update_config '.hooks = null | .annotations = null | .process.rlimits = null | .process.apparmorProfile = null
		| .process.user.additionalGids = null | .linux.devices = null | .linux.seccomp = null | .linux.sysctl = null
		| .linux.resources = {memory: null, cpu: null, pids: null, blockIO: null, devices: null, unified: null}
		| .mounts[0].options = null | .linux.uidMappings = null | .linux.rootfsPropagation = null
		| .process.oomScoreAdj = null | .process.consoleSize = null | .domainname = null'
	run -0 in_container 'echo fine'
	output_is fine
}

@test "create: a config without linux and mounts is fine" {
	update_config 'del(.linux, .mounts, .hostname, .root.readonly) | .process.args = ["/bin/true"]'
	run -0 mayfly run --bundle "$BUNDLE" test
}

@test "create: a config without root is refused" {
	update_config 'del(.root)'
	run -1 create test
	error_is_one_line root
	nothing_of test
}

# --- start -------------------------------------------------------------------------------------------

@test "start: without an id is an error" {
	run -1 mayfly start
}

@test "start: of an unknown id says that it does not exist" {
	run -1 mayfly start nobody
	error_is_one_line "container does not exist"
}

@test "start: twice is refused and the container goes on" {
	a_running test
	run -1 mayfly start test
	error_is_one_line "cannot start an already running container"
	[[ $(status_of test) == running ]]
}

@test "start: of a stopped container is refused" {
	a_stopped test
	run -1 mayfly start test
	error_is_one_line "cannot start a container that has stopped"
}

@test "start: of a container whose process died before it is refused at once" {
	set_args sleep 1000
	create test
	kill -9 "$(pid_of test)"
	wait_for status_is test stopped
	DEADLINE=5 run -1 mayfly start test
	error_is_one_line "cannot start a container that has stopped"
}

@test "start: without a process in the config is refused, create is not" {
	update_config 'del(.process)'
	run -0 create test
	[[ $(status_of test) == created ]]
	run -1 mayfly start test
	error_is_one_line process
}

# --- kill --------------------------------------------------------------------------------------------

@test "kill: without an id is an error" {
	run -1 mayfly kill
}

@test "kill: of an unknown id says that it does not exist" {
	run -1 mayfly kill nobody TERM
	error_is_one_line "container does not exist"
}

@test "kill: of a stopped container says container not running" {
	a_stopped test
	run -1 mayfly kill test KILL
	error_is_one_line "container not running"
	run -1 mayfly kill test TERM
	error_is_one_line "container not running"
}

@test "kill: --all of a stopped container is fine" {
	a_stopped test
	run -0 mayfly kill --all test 9
	run -0 mayfly kill -a test KILL
}

@test "kill: sends SIGTERM when no signal is named" {
	set_script 'trap "echo TERM; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	run -0 mayfly kill test
	wait_for grep -q TERM "$T/stdout"
}

@test "kill: takes numbers, and names with and without SIG in any case" {
	local signal

	set_script 'trap "echo got" USR1; echo ready; while :; do sleep 0.02; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	for signal in 10 USR1 SIGUSR1 usr1 sigusr1; do
		: >"$T/stdout"
		run -0 mayfly kill test "$signal"
		wait_for grep -q got "$T/stdout"
	done
}

@test "kill: takes realtime signals by name" {
	set_script 'trap "echo got" 37; echo ready; while :; do sleep 0.02; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	run -0 mayfly kill test SIGRTMIN+3
	wait_for grep -q got "$T/stdout"
	: >"$T/stdout"
	run -0 mayfly kill test RTMIN+3
	wait_for grep -q got "$T/stdout"
}

@test "kill: signal 0 asks whether the container is there" {
	a_running test
	run -0 mayfly kill test 0
	[[ $(status_of test) == running ]]
}

@test "kill: a signal that does not exist is refused" {
	local signal

	a_running test
	for signal in 65 -1 999999999999 NOSUCH '' 9x RTMIN+99; do
		run -1 mayfly kill test "$signal"
		error_is_one_line
	done
	[[ $(status_of test) == running ]]
}

@test "kill: a created container can be killed" {
	set_args sleep 1000
	create test
	run -0 mayfly kill test KILL
	wait_for status_is test stopped
}

@test "kill: KILL takes every process of a container that shares the host's pid namespace" {
	update_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1111 & sleep 1112 & echo ready; wait'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	run -0 mayfly kill test KILL
	wait_for no_process 'sleep 111'
}

@test "kill: --all reaches what a shared pid namespace kept alive after init's end" {
	update_config '.linux.namespaces |= map(select(.type != "pid"))'
	set_script 'sleep 1113 & exit 0'
	create test
	mayfly start test
	wait_for status_is test stopped
	run ! no_process 'sleep 1113'
	run -0 mayfly kill --all test 9
	wait_for no_process 'sleep 1113'
	run -0 mayfly delete test
}

# Linux gives numbers out in order, so a stranger has one of the container's when its turn has come again.
@test "kill: --all does not reach a stranger who got the number of a process meanwhile" {
	local pid stranger

	set_script 'sleep 1112 & wait; sleep 1113'
	create test
	mayfly start test
	wait_for pgrep -xf 'sleep 1112'
	pid=$(pgrep -xf 'sleep 1112')
	strace -f -o "$T/strace" -e trace=pidfd_open -e inject=pidfd_open:delay_enter=2000000 \
		"$MAYFLY" --root "$ROOT" kill --all test WINCH 3>&- 4>&- &
	# The first is of the container itself; then the numbers are read, and the next is held up.
	wait_for grep -q DELAYED "$T/strace"
	sleep 0.5
	kill -KILL "$pid"
	wait_for pgrep -xf 'sleep 1113'
	echo "$((pid - 1))" >/proc/sys/kernel/ns_last_pid
	bash -c 'trap "echo signalled >$0" WINCH; while :; do sleep 0.1; done' "$T/stranger" 3>&- 4>&- &
	stranger=$!
	wait %1 || true
	sleep 0.5
	kill "$stranger"
	((stranger == pid)) || fail "the stranger has another number: $stranger, not $pid"
	grep -q "pidfd_open($pid," "$T/strace" || fail "it was too late" "$(<"$T/strace")"
	[[ ! -e $T/stranger ]] || fail "the stranger was signalled"
}

# --- delete ------------------------------------------------------------------------------------------

@test "delete: without an id is an error" {
	run -1 mayfly delete
}

@test "delete: of an unknown id says that it does not exist" {
	run -1 mayfly delete nobody
	error_is_one_line "container does not exist"
}

@test "delete: --force of an unknown id is fine and says nothing" {
	run -0 mayfly delete --force nobody
	output_is ""
}

@test "delete: of a running container is refused and it goes on" {
	a_running test
	run -1 mayfly delete test
	error_is_one_line "cannot delete container test that is not stopped: running"
	[[ $(status_of test) == running ]]
}

@test "delete: of a created container kills and deletes it" {
	set_args sleep 1000
	create test
	run -0 mayfly delete test
	nothing_of test
}

@test "delete: --force of a running container kills and deletes it" {
	a_running test
	local pid

	pid=$(pid_of test)
	run -0 mayfly delete --force test
	nothing_of test
	# Not there, or a zombie, which may go while it is read.
	[[ $(grep -s ^State: "/proc/$pid/status") =~ ^$|zombie ]]
}

@test "delete: --force twice is fine" {
	a_running test
	run -0 mayfly delete --force test
	run -0 mayfly delete --force test
}

@test "delete: --force of a container that ignores every signal but KILL" {
	set_script 'trap "" TERM INT HUP; echo ready; while :; do sleep 1; done'
	create test
	mayfly start test
	wait_for grep -q ready "$T/stdout"
	run -0 mayfly delete --force test
	nothing_of test
}

@test "delete: removes the cgroup, and the rootfs gone does not matter" {
	a_stopped test
	mv "$ROOTFS" "$T/gone"
	run -0 mayfly delete test
	nothing_of test
	mv "$T/gone" "$ROOTFS"
}

# What is left of a delete that is killed, or may not remove a file, must still be known for a container: the record goes
# last. Once with all files there can be: as updated, and as told of a readiness by systemd's protocol.
@test "delete: killed or refused at any file, --force ends it" {
	local n files fault left

	for files in few all; do
		for fault in signal=SIGKILL error=EIO; do
			left=0
			for ((n = 1; n <= 16; n++)); do
				if [[ $files == all ]]; then
					create test
					echo '{}' >"$ROOT/test/resources.json"
					mkdir -p "$ROOT/test/notify/left"
				else
					a_running test
				fi
				mayfly kill test KILL
				strace -f -qq -o /dev/null -e trace=unlinkat -e "inject=unlinkat:$fault:when=$n" \
					"$MAYFLY" --root "$ROOT" delete --force test 2>/dev/null || true
				[[ -e $ROOT/test ]] || continue
				left=$((left + 1))
				mayfly delete --force test
				[[ ! -e $ROOT/test ]] || fail "$files, $fault: it is there after delete number $n" || return 1
			done
			((left >= 2)) || fail "$files, $fault: left $left times only" || return 1
		done
	done
}

@test "delete: --force cleans a state directory that creation left half-made" {
	mkdir -p "$ROOT/half"
	chmod 700 "$ROOT" "$ROOT/half"
	run -0 mayfly delete --force half
	[[ ! -e $ROOT/half ]]
}

# --- what a shim relies on ---------------------------------------------------------------------------

# ends_at_once COMMAND...: its standard output and error reach end-of-file when the command ends, that
# is, nobody it left behind holds them.
ends_at_once() {
	timeout 10 python3 - "$@" <<-'PYTHON'
	import subprocess, sys, time
	p = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	status = p.wait()
	ended = time.monotonic()
	output = p.stdout.read()
	held = time.monotonic() - ended
	sys.stdout.buffer.write(output)
	if held > 1:
	    sys.exit("somebody held the pipe for %.1f s" % held)
	sys.exit(status)
	PYTHON
}

@test "shim: nobody keeps the output of start, kill or delete open" {
	set_args sleep 1000
	create test
	run -0 ends_at_once "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" start test
	run -0 ends_at_once "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" kill test KILL
	wait_for status_is test stopped
	run -0 ends_at_once "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" delete test
}

@test "shim: nobody keeps the output of delete --force open" {
	a_running test
	run -0 ends_at_once "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" delete --force test
}

# A subreaper, as a shim is: it prints what it reaps besides the runtime itself.
subreaper() {
	python3 - "$@" <<-'PYTHON'
	import ctypes, json, os, subprocess, sys
	ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)   # PR_SET_CHILD_SUBREAPER
	mayfly, root, bundle, pid_file, *rest = sys.argv[1:]
	def call(*words):
	    pid = os.posix_spawn(mayfly, [mayfly, "--root", root, *rest, *words], os.environ,
	        file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
	                      (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
	    others = []
	    while True:
	        got, status = os.wait()
	        if got == pid:
	            return os.waitstatus_to_exitcode(status), others
	        others.append((got, os.waitstatus_to_exitcode(status)))
	code, others = call("create", "--bundle", bundle, "--pid-file", pid_file, "test")
	assert code == 0 and not others, ("create", code, others)
	container = int(open(pid_file).read())
	parent = open("/proc/%d/stat" % container).read().rsplit(")", 1)[1].split()[1]
	assert int(parent) == os.getpid(), ("the container's parent is", parent, "not", os.getpid())
	code, others = call("start", "test")
	assert code == 0, ("start", code)
	while not others:
	    got, status = os.wait()
	    others.append((got, os.waitstatus_to_exitcode(status)))
	print(others[0][0] == container, others[0][1], len(others))
	try:
	    print("and", os.wait())
	except ChildProcessError:
	    print("no other child")
	PYTHON
}

@test "shim: the container becomes the subreaper's child, and is the only one" {
	set_script 'exit 7'
	run -0 subreaper "$MAYFLY" "$ROOT" "$BUNDLE" "$T/pid" "${GLOBAL[@]}"
	output_is $'True 7 1\nno other child'
	run -0 mayfly delete test
}

@test "shim: the pid-file holds the digits of the pid and nothing else" {
	set_args sleep 1000
	run -0 create --pid-file "$T/pid" test
	[[ $(od -An -c "$T/pid" | tr -d ' \n') =~ ^[0-9]+$ ]]
	[[ $(<"$T/pid") == "$(pid_of test)" ]]
	[[ $(find "$T" -maxdepth 1 -name '.*pid*' | wc -l) == 0 ]]
}

@test "shim: a relative pid-file is relative to the caller's directory" {
	set_args sleep 1000
	cd "$T"
	run -0 create --pid-file here.pid test
	[[ -s $T/here.pid ]]
}

@test "shim: a failed create writes no pid-file" {
	set_args no-such-program
	run -1 create --pid-file "$T/pid" test
	[[ ! -e $T/pid ]]
}

@test "shim: a pid-file that cannot be written fails create and leaves nothing" {
	set_args sleep 1000
	run -1 create --pid-file "$T/nowhere/pid" test
	error_is_one_line pid
	nothing_of test
}

@test "log: --log-format json writes exactly one object for a failure" {
	set_args no-such-program
	run -1 quietly mayfly --log "$T/log.json" --log-format json create --bundle "$BUNDLE" test
	[[ $(wc -l <"$T/log.json") == 1 ]]
	jq -e '.level == "error" and (.msg | contains("executable file not found in $PATH"))' "$T/log.json"
	jq -e '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$")' "$T/log.json"
	output_has "executable file not found in \$PATH"
}

@test "log: success writes nothing to the log" {
	set_args true
	run -0 mayfly --log "$T/log.json" --log-format json run --bundle "$BUNDLE" test
	[[ ! -s $T/log.json ]]
}

@test "log: the log file is appended to, not truncated" {
	echo '{"level":"info","msg":"before","time":"2026-01-01T00:00:00Z"}' >"$T/log.json"
	run -1 mayfly --log "$T/log.json" --log-format json start nobody
	[[ $(wc -l <"$T/log.json") == 2 ]]
	[[ $(jq -rs '.[0].msg' "$T/log.json") == before ]]
}

@test "log: control characters and bad UTF-8 in a message stay valid JSON" {
	run -1 mayfly --log "$T/log.json" --log-format json start "$(printf 'a\033\377"b')"
	jq -e '.level == "error"' "$T/log.json"
}

@test "log: an unknown format is refused" {
	run -1 mayfly --log-format yaml list
	output_has "invalid log-format"
}

# --- words -------------------------------------------------------------------------------------------

@test "cli: an unknown command is an error" {
	run -1 mayfly frobnicate
}

@test "cli: an unknown option is an error" {
	run -1 mayfly state --frobnicate test
	run -1 mayfly --frobnicate list
}

@test "cli: one dash or two, a space or =, and =true are all understood" {
	set_args sleep 1000
	run -0 quietly mayfly create -bundle="$BUNDLE" a
	run -0 mayfly delete -force a
	run -0 quietly mayfly create --bundle="$BUNDLE" --no-new-keyring=true b
	run -0 mayfly delete --force=true b
	run -0 quietly mayfly create -b "$BUNDLE" c
	run -0 mayfly delete -f c
	run -1 mayfly delete --force=false nobody
}

@test "cli: options after the id are not mayfly's" {
	a_running test
	run -0 mayfly exec test echo --cwd -x
	output_is "--cwd -x"
}

@test "cli: --version names the version on its first line" {
	run -0 "$MAYFLY" --version
	[[ ${lines[0]} =~ ^[a-z]+\ version\ [0-9]+\.[0-9]+ ]]
	[[ $(grep -c version <<<"$output") == 1 ]]
	grep -q '^spec: 1\.' <<<"$output"
}

@test "cli: --help is fine, for mayfly and for each command" {
	local command

	run -0 "$MAYFLY" --help
	for command in create start run state kill delete list exec ps spec features plan; do
		run -0 "$MAYFLY" "$command" --help
		[[ -n $output ]]
	done
}

@test "cli: checkpoint --help fails where there is no criu, and features promises nothing then" {
	if command -v criu; then
		run -0 "$MAYFLY" checkpoint --help
		run -0 "$MAYFLY" features
		jq -e '.annotations["org.opencontainers.runc.checkpoint.enabled"] == "true"' <<<"$output"
	else
		run -1 "$MAYFLY" checkpoint --help
		output_has "criu is not installed"
		run -0 "$MAYFLY" features
		jq -e '.annotations | has("org.opencontainers.runc.checkpoint.enabled") | not' <<<"$output"
	fi
}

@test "cli: works without PATH, HOME and every other variable" {
	set_args echo fine
	run -0 env -i "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" run --bundle "$BUNDLE" test
	output_is fine
}

@test "cli: a state root that does not exist is made, mode 0700" {
	[[ ! -e $ROOT ]]
	set_args sleep 1000
	create test
	[[ $(stat -c %a "$ROOT") == 700 ]]
}

@test "cli: ids of one root are unknown in another" {
	a_running test
	run -1 "$MAYFLY" --root "$T/other" state test
	output_has "does not exist"
}

# In parallel: each container has a cgroup of its own, as engines give them.
@test "lifecycle: twenty containers at once all run" {
	local i lanes=()

	for ((i = 0; i < 20; i++)); do
		mkdir "$T/b$i"
		jq --arg i "$i" --arg r "$ROOTFS" '.root.path = $r | .process.args = ["echo", "ran", $i]
			| .linux.cgroupsPath |= (if . == null then . else . + "-" + $i end)' "$BUNDLE/config.json" >"$T/b$i/config.json"
		(mayfly run --bundle "$T/b$i" "par$i" >"$T/par$i" 2>&1 </dev/null || echo "failed $?" >>"$T/par$i") 3>&- &
		lanes+=($!)
	done
	# By name: bats' own clock is a child, too.
	wait "${lanes[@]}"
	for ((i = 0; i < 20; i++)); do
		[[ $(<"$T/par$i") == "ran $i" ]] || fail "container $i:" "$(<"$T/par$i")"
	done
}

@test "lifecycle: of ten creators of one id exactly one succeeds" {
	local i winners lanes=()

	set_args sleep 1000
	for ((i = 0; i < 10; i++)); do
		(mayfly create --bundle "$BUNDLE" one >"$T/one$i" 2>&1 </dev/null && echo won >"$T/won$i") 3>&- &
		lanes+=($!)
	done
	wait "${lanes[@]}" || true
	winners=$(find "$T" -maxdepth 1 -name 'won*' | wc -l)
	((winners == 1)) || fail "$winners creators of one id succeeded" "$(cat "$T"/one?)"
	[[ $(status_of one) == created ]]
}
