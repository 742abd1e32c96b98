#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# K, R19: processes in the container that look for a way out through those that mayfly puts beside them.

load helpers

may_trace() {
	update_config '.process.capabilities = ({} | .bounding = $caps | .effective = $caps | .permitted = $caps)' \
		--argjson caps '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]'
}

# A neighbour seizes whoever enters, and "rights" in $T/stdout is all that they had or could get.
seize_those_who_enter() {
	local n

	set_args helper seize 2500
	create test
	mayfly start test
	for ((n = 0; n < 40; n++)); do
		timeout 5 "$MAYFLY" --root "$ROOT" exec test true </dev/null || true
	done
	wait_for grep -q rights "$T/stdout"
	grep -qx seized=1 "$T/stdout" || fail "it could seize nothing" "$(<"$T/stdout")"
}

saw_nothing() {
	grep -q '^seen=[1-9]' "$T/scan" || fail "it saw no process at all" "$(<"$T/scan")" || return 1
	grep -qx 'outside=0' "$T/scan" || fail "$(<"$T/scan")"
}

@test "K10 a process that waits for start holds no directory of the host or of the caller" {
	may_trace
	set_args sleep 1000
	create test 9</ 55<"$CANARY"
	mayfly exec test helper scan 0 >"$T/scan" </dev/null
	saw_nothing
}

@test "K10 a process that enters holds no directory of the host or of the caller" {
	local n scanner

	may_trace
	a_running test
	mayfly exec test helper scan 2500 >"$T/scan" </dev/null &
	scanner=$!
	for ((n = 0; n < 40; n++)); do
		mayfly exec test true </dev/null 9</ || true
	done
	wait "$scanner"
	saw_nothing
}

@test "K12 the caller's pipes end while a container waits for start" {
	set_args sleep 1000
	mkfifo "$T/pipe"
	timeout 5 cat "$T/pipe" >"$T/read" &
	create test 9>"$T/pipe"
	wait "$!" || fail "somebody holds the pipe"
}

@test "K11 an exec whose intermediate process is held up works all the same" {
	a_running test
	run mayfly exec test echo inside </dev/null
	output_is inside
	run --separate-stderr strace -f -o /dev/null -e trace=clone3 -e inject=clone3:delay_exit=300000 \
		"$MAYFLY" --root "$ROOT" exec test echo inside </dev/null
	output_is inside
}

@test "R19 a binary on a read-only mount stays out of reach when that becomes writable" {
	local before

	cp "$MAYFLY" "$T/mayfly.copy"
	MAYFLY=$T/mayfly.copy
	mount --bind "$MAYFLY" "$MAYFLY"
	mount -o remount,bind,ro "$MAYFLY"
	# Only until it has made itself not dumpable can mayfly be seen: 0.06 ms of each exec.
	set_args helper overwrite 9
	create test
	mayfly start test
	before=$SECONDS
	while ((SECONDS < before + 9)); do
		mayfly exec test /proc/self/exe features >/dev/null </dev/null || true
	done
	mount -o remount,bind,rw "$MAYFLY"
	wait_for grep -q writable "$T/stdout"
	umount --lazy "$MAYFLY"
	rm -rf /run/mount
	! grep -qx 'held=0' "$T/stdout" || fail "it saw no process at all"
	grep -qx 'writable=0' "$T/stdout" || fail "$(<"$T/stdout")"
}

# The file itself is asked: a variable of the environment could be anybody's, and so could a descriptor.
@test "R19 nothing that a caller plants makes mayfly take its own file for the sealed one" {
	local how

	cp "$MAYFLY" "$T/mayfly.copy"
	mount --bind "$T/mayfly.copy" "$T/mayfly.copy"
	set_args sleep 1000
	for how in variable descriptor; do
		mount -o remount,bind,ro "$T/mayfly.copy"
		_MAYFLY_SEALED=1 quietly python3 -c 'import os, sys
how, file = sys.argv[1:3]
file = file if how == "variable" else os.open(file, os.O_RDONLY)
os.execve(file, ["mayfly"] + sys.argv[3:], os.environ)' "$how" "$T/mayfly.copy" --root "$ROOT" create --bundle "$BUNDLE" test
		exec 8<"/proc/$(pid_of test)/exe"
		mayfly delete --force test
		mount -o remount,bind,rw "$T/mayfly.copy"
		if { echo changed >>/proc/self/fd/8; } 2>/dev/null; then
			fail "$how: its file can be written" || return 1
		fi
		exec 8<&-
	done
	umount --lazy "$T/mayfly.copy"
	rm -rf /run/mount
}

@test "K11 a start whose process is stopped by a neighbour does not keep delete --force away" {
	local pid starter

	set_args sleep 1000
	create neighbour
	mayfly start neighbour
	update_config '(.linux.namespaces[] | select(.type == "pid")).path = $path | .linux.cgroupsPath += "b"' \
		--arg path "/proc/$(pid_of neighbour)/ns/pid"
	create test
	pid=$(pid_of test)
	kill -STOP "$pid"
	mayfly start test </dev/null >"$T/start" 2>&1 3>&- 4>&- &
	starter=$!
	sleep 0.5
	DEADLINE=5 mayfly delete --force test
	! wait "$starter" || fail "it says that the program runs"
	grep -q 'ended before it ran' "$T/start"
	mayfly delete --force neighbour
}

# Somebody outside who has forked into the pid namespace and does not reap keeps its first process from going.
@test "K11 delete --force after one that was killed does not wait for a stranger's zombie" {
	local pid stranger

	a_running test
	pid=$(pid_of test)
	python3 -c 'import ctypes, os, sys, time
ctypes.CDLL(None).setns(os.open("/proc/%s/ns/pid" % sys.argv[1], os.O_RDONLY), 0)
if os.fork() == 0:
    os._exit(0)
print("forked", flush=True)
time.sleep(60)' "$pid" >"$T/stranger" 3>&- 4>&- &
	stranger=$!
	wait_for grep -q forked "$T/stranger"
	# As far as a first one came.
	kill -KILL "$pid"
	wait_for rmdir "$CGROUP_MOUNT$CGROUP"
	[[ -e /proc/$pid ]] || fail "nothing holds it"
	DEADLINE=5 run -0 mayfly delete --force test
	kill "$stranger"
}

@test "K13 the session keyring can be neither planted nor joined by a neighbour" {
	set_args helper keyring plant _ses.test
	quietly mayfly run --detach --bundle "$BUNDLE" neighbour
	set_args helper keyring keep
	update_config '.linux.cgroupsPath += "b"'
	create test
	mayfly start test
	wait_for grep -qx ok "$T/stdout"
	run mayfly exec neighbour helper keyring find _ses.test </dev/null
	output_has "secret ENOKEY"
	run mayfly exec test helper keyring find _ses.other </dev/null
	output_has "planted ENOKEY"
	mayfly delete --force test
	set_args helper keyring find _ses.test
	run mayfly run --bundle "$BUNDLE" test </dev/null
	output_has "planted ENOKEY"
}

@test "K10 a process that enters has no capability to be taken but the container's and those it needs" {
	may_trace
	seize_those_who_enter
	# SYS_PTRACE and DAC_OVERRIDE are its own; CHOWN, SETGID and SETUID are for the way in.
	grep -qx rights=800c3 "$T/stdout" || fail "$(<"$T/stdout")"
}

# What enters a mount namespace lands in its own root, which is not that of a chroot: exec would run on the host.
@test "K14 from a chroot, where the container's mount namespace would keep the host, nothing starts" {
	local option

	mkdir "$T/jail"
	set_args true
	for option in '' --no-pivot; do
		# shellcheck disable=SC2086
		run --separate-stderr unshare -m sh -c 'mount --rbind / "$1" && shift && exec chroot "$@"' - "$T/jail" \
			"$T/jail" "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" run $option --bundle "$BUNDLE" test </dev/null
		((status == 1)) || fail "status $status" "$stderr" || return 1
		[[ $stderr == *chroot* ]] || fail "$stderr" || return 1
		nothing_of test
	done
}

# CAP_SYS_ADMIN loads a filter without no_new_privs, and is gone before anybody in there can see its holder.
@test "K10 a process that enters with a filter and without no_new_privs has no more to be taken" {
	may_trace
	update_config '.process.noNewPrivileges = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone3", "keyctl"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	seize_those_who_enter
	# SYS_PTRACE and DAC_OVERRIDE are its own; SETGID and SETUID are for the way in.
	grep -qx rights=800c2 "$T/stdout" || fail "$(<"$T/stdout")"
}
