#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What published holes of runtimes have taught, where no other test would notice that it is forgotten: the name before
# the colon is the rule's in tests/replay/rules.py, which shows that each of these fails without it.

load helpers

no_dev_mount() {
	update_config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
}

@test "not-dumpable: a neighbour of the same rights cannot look into a process that waits for start" {
	set_args sleep 1000
	create test
	run mayfly exec test sh -c 'readlink /proc/1/fd/0 && echo seen; cat /proc/1/environ && echo seen' </dev/null
	output_lacks seen
	output_has "Permission denied"
}

@test "true-null: a file on /dev/null of the image masks nothing with its own content" {
	no_dev_mount
	echo evil >"$ROOTFS/dev/null"
	echo secret >"$ROOTFS/secret"
	update_config '.linux.maskedPaths = ["/secret"]'
	set_args cat /secret
	attack_run
	# It may be refused for that file; what it may not is show anything.
	((status != 0)) || output_is ""
	output_lacks evil
	((status == 0)) || refused "/dev/null"
}

@test "mask-again: a mask that cannot be attached is an error" {
	local status=0

	echo secret >"$ROOTFS/secret"
	update_config '.linux.maskedPaths = ["/secret"]'
	set_args cat /secret
	# As if the file went each time that it was looked up: the last call of move_mount is the mask's.
	strace -f -qq -o "$T/trace" -e trace=move_mount "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test </dev/null >"$T/whole"
	output=$(strace -f -qq -o /dev/null -e trace=move_mount \
		-e inject=move_mount:error=ENOENT:when="$(grep -c 'move_mount(' "$T/trace")"+ \
		"$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test </dev/null 2>&1) || status=$?
	((status == 1)) || fail "it ran: $output"
	output_has 'mask "/secret"'
	output_lacks $'secret\n'
}

@test "true-ptmx: a FIFO of the image in place of ptmx is not opened" {
	local reader

	mkdir "$T/pts"
	mkfifo "$T/pts/ptmx"
	update_config '.process.terminal = true | .mounts += [{destination: "/dev/pts", type: "bind", source: $p, options: ["bind"]}]' --arg p "$T/pts"
	# It waits in open() until somebody opens the other end.
	cat "$T/pts/ptmx" >/dev/null 3>&- 4>&- &
	reader=$!
	python3 -c "
import socket
s = socket.socket(socket.AF_UNIX); s.bind('$T/console'); s.listen(1); s.settimeout(20)
try: s.accept()
except OSError: pass" 3>&- 4>&- >/dev/null &
	wait_for test -S "$T/console"
	attack create --bundle "$BUNDLE" --console-socket "$T/console" test
	kill %2 || true
	sleep 0.2
	kill "$reader" || fail "somebody opened the FIFO"
	refused "/dev/pts"
}

@test "null-stays: the caller's null device keeps its owner" {
	mknod -m 666 "$T/null" c 1 3
	update_config '.process.user = {uid: 1234, gid: 1234}'
	mayfly run --bundle "$BUNDLE" test <"$T/null" >"$T/null" 2>"$T/null"
	[[ $(stat -c %u "$T/null") == 0 ]] || fail "it belongs to user $(stat -c %u "$T/null")"
}

@test "own-procfs: a sysctl is set though the image has a /proc of its own" {
	mkdir -p "$ROOTFS/proc/sys/kernel"
	echo 1 >"$ROOTFS/proc/sys/kernel/shmmni"
	update_config '.linux.sysctl = {"kernel.shmmni": "1234"} | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .mounts |= map(select(.destination != "/proc")) + [{destination: "/mnt/proc", type: "bind", source: "/proc", options: ["bind"]}]'
	set_args cat /proc/sys/kernel/shmmni
	attack_run
	contained
	output_is 1
	[[ $(<"$ROOTFS/proc/sys/kernel/shmmni") == 1 ]]
}

@test "groups: none of the caller's groups reach the program" {
	set_args helper ids
	output=$(setpriv --groups 4242,4343 "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test </dev/null)
	output_matches 'groups=$'
}

@test "masks-by-default: what spec writes hides the host's /proc/acpi and protects /proc/fs" {
	local path

	mkdir "$T/spec"
	mayfly spec --bundle "$T/spec"
	for path in acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi; do
		jq -e --arg p "/proc/$path" '.linux.maskedPaths | index($p)' "$T/spec/config.json" >/dev/null || fail "/proc/$path is not masked"
	done
	for path in bus fs irq sys sysrq-trigger; do
		jq -e --arg p "/proc/$path" '.linux.readonlyPaths | index($p)' "$T/spec/config.json" >/dev/null || fail "/proc/$path can be written"
	done
}

@test "cgroup-read-only: nothing can be made below /sys/fs/cgroup, also of the host's namespace" {
	update_config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
	set_script 'mkdir /sys/fs/cgroup/made 2>&1; cat /proc/self/mounts'
	attack_run
	contained
	output_has "Read-only file system"
	update_config '.linux.namespaces |= map(select(.type != "cgroup"))'
	attack_run
	contained
	output_has "Read-only file system"
}

@test "sysctl-values: a value with a second sysctl in it is refused" {
	local value

	save_config
	# A value that the kernel itself would take: the domain name is any text.
	for value in 'x+kernel.core_pattern=|/evil' $'x\nkernel.core_pattern=|/evil'; do
		fresh_config
		update_config '.linux.sysctl = {"kernel.domainname": $v}' --arg v "$value"
		attack_create
		refused sysctl
	done
}

@test "not-setuid: a setuid copy refuses every command" {
	local command copy=/run/mayfly-setuid

	cp "$MAYFLY" "$copy"
	chmod 4755 "$copy"
	for command in "--version" "list" "--root /run/x state test" "features"; do
		# shellcheck disable=SC2086
		run setpriv --reuid 1000 --regid 1000 --clear-groups "$copy" $command
		[[ $status == 1 && $output == *"must not be installed setuid"* ]] || break
	done
	rm "$copy"
	[[ $status == 1 && $output == *"must not be installed setuid"* ]] || fail "$command: $status $output"
}

@test "hooks-environment: a createContainer hook does not get what is for the program" {
	printf '#!/bin/sh\nenv >%s\n' "$T/hook.env" >"$T/hook"
	chmod 755 "$T/hook"
	update_config '.process.env = ["PATH=/bin", "LD_PRELOAD=/evil.so"] | .hooks = {createContainer: [{path: $h}], createRuntime: [{path: $h}]}' --arg h "$T/hook"
	attack_run
	contained
	[[ -e $T/hook.env ]] || fail "the hook did not run"
	run ! grep -q LD_PRELOAD "$T/hook.env"
}

@test "restraint: what neither mounts nor runs anything cannot write files either, where the kernel has Landlock" {
	local verb words

	a_running test
	for words in "state test" list features "ps test" "kill test TERM" "kill --all test KILL" "delete --force test"; do
		verb=${words%% *}
		# shellcheck disable=SC2086
		strace -f -qq -o "$T/trace" -e trace=landlock_create_ruleset,landlock_restrict_self \
			"$MAYFLY" --root "$ROOT" $words </dev/null >/dev/null || fail "mayfly $words"
		grep -q 'landlock_create_ruleset' "$T/trace" || fail "$verb does not ask for it"
		grep -qE 'landlock_restrict_self.*= 0|landlock_create_ruleset.*(ENOSYS|EOPNOTSUPP)' "$T/trace" || fail "$verb: $(<"$T/trace")"
	done
}
