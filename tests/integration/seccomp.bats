#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: actions, arguments, architectures, flags, listeners, and when the filter is loaded.

load helpers

# deny NAMES [MORE]: all is allowed but these.
seccomp() { update_config ".linux.seccomp = $1"; }

deny() {
	seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: $1, action: \"SCMP_ACT_ERRNO\"} + ${2:-{\}}]}"
}

run_call() { set_args helper call "$1"; mayfly run --bundle "$BUNDLE" test; }

@test "seccomp: without one there is no filter" {
	run -0 in_container 'grep ^Seccomp: /proc/self/status'
	output_matches '0$'
}

@test "seccomp: ERRNO answers EPERM, or the errno that is given" {
	deny '["mkdirat"]'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
	deny '["mkdirat"]' '{errnoRet: 38}'
	run -0 run_call mkdir
	output_is "mkdir ENOSYS"
}

@test "seccomp: the default action and its errno" {
	local names

	names=$(jq -cn '["execve","exit_group","exit","write","close","close_range","brk","mmap","munmap","mprotect","arch_prctl","set_tid_address",
		"set_robust_list","rseq","prlimit64","readlinkat","readlink","getrandom","newfstatat","fstat","prctl","futex","read","openat","fcntl","rt_sigaction",
		"rt_sigprocmask","rt_sigreturn","uname","ioctl","seccomp","dup2","dup3","lseek","getpid","kill","poll","ppoll","sendmsg","recvmsg","setsid","chdir",
		"capset","capget","setuid","setgid","setgroups","setresuid","setresgid","fchown","faccessat","faccessat2","access","getcwd","sendto","recvfrom","gettid","getuid","statx"]')
	seccomp "{defaultAction: \"SCMP_ACT_ERRNO\", defaultErrnoRet: 42, syscalls: [{names: $names, action: \"SCMP_ACT_ALLOW\"}]}"
	run -0 run_call mkdir
	output_is "mkdir ENOMSG"
}

@test "seccomp: a call newer than the profile answers ENOSYS, not EPERM" {
	local names

	names=$(jq -cn '["execve","exit_group","exit","write","close","close_range","brk","mmap","munmap","mprotect","arch_prctl","set_tid_address",
		"set_robust_list","rseq","prlimit64","readlinkat","readlink","getrandom","newfstatat","fstat","prctl","futex","read","openat","fcntl","rt_sigaction",
		"rt_sigprocmask","uname","ioctl","seccomp","lseek","getpid","kill","sendmsg","recvmsg","setsid","chdir","getcwd"]')
	seccomp "{defaultAction: \"SCMP_ACT_ERRNO\", syscalls: [{names: $names, action: \"SCMP_ACT_ALLOW\"}]}"
	run -0 run_call unknown
	output_is "unknown ENOSYS"
	run -0 run_call mkdir
	output_is "mkdir EPERM"
}

@test "seccomp: a profile that kills for what is newer than itself does not kill create or exec" {
	local names='["openat2","close_range","faccessat2","clone3","keyctl","pidfd_open","pidfd_send_signal","mount_setattr","fsopen","getcwd"]'

	update_config '.process.noNewPrivileges = false'
	deny "$names" '{action: "SCMP_ACT_KILL_PROCESS"}'
	a_running test
	run -0 mayfly exec test echo entered </dev/null
	output_is entered
	# Nothing that was open comes through by the older calls.
	run -0 mayfly exec test helper fds </dev/null 7</dev/null
	output_is ""
}

@test "seccomp: an exec that its profile does not let begin says why" {
	update_config '.process.noNewPrivileges = false'
	deny '["clone"]'
	a_running test
	run -255 mayfly exec test true </dev/null
	error_is_one_line "linux.seccomp" "operation not permitted" "noNewPrivileges"
	mayfly delete --force test
	deny '["clone"]' '{action: "SCMP_ACT_KILL_PROCESS"}'
	a_running test
	run -255 mayfly exec test true </dev/null
	error_is_one_line "killed by its seccomp filter" "noNewPrivileges"
	[[ $(status_of test) == running ]]
}

@test "seccomp: KILL_PROCESS, KILL and TRAP end the program by SIGSYS" {
	local action

	for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP; do
		deny '["mkdirat"]' "{action: \"$action\"}"
		run -159 run_call mkdir
	done
}

@test "seccomp: LOG lets the call through" {
	deny '["mkdirat"]' '{action: "SCMP_ACT_LOG"}'
	run -0 run_call mkdir
	output_is "mkdir ok"
}

@test "seccomp: arguments are compared" {
	deny '["personality"]' '{args: [{index: 0, value: 4294967295, op: "SCMP_CMP_EQ"}]}'
	run -0 run_call personality
	output_is "personality EPERM"
	deny '["personality"]' '{args: [{index: 0, value: 4294967295, op: "SCMP_CMP_NE"}]}'
	run -0 run_call personality
	output_is "personality ok"
	deny '["unshare"]' '{args: [{index: 0, value: 268435456, valueTwo: 268435456, op: "SCMP_CMP_MASKED_EQ"}]}'
	run -0 run_call unshare-user
	output_is "unshare-user EPERM"
}

@test "seccomp: system calls nobody knows are passed over" {
	deny '["mkdirat", "from_the_future_2099"]'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
}

@test "seccomp: a profile of three architectures" {
	deny '["mkdirat"]'
	update_config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
}

@test "seccomp: it holds with and without no_new_privs, and for a user other than root" {
	deny '["mkdirat"]'
	update_config '.process.noNewPrivileges = false'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
	update_config '.process.user = {uid: 1000, gid: 1000}'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
	update_config '.process.noNewPrivileges = true'
	run -0 run_call mkdir
	output_is "mkdir EPERM"
}

@test "seccomp: with no_new_privs the runtime needs none of what it does before exec" {
	deny '["setresuid", "setresgid", "setgroups", "capset", "chdir", "prctl", "setsid", "openat2", "mount", "pivot_root", "unshare"]'
	run -0 in_container 'echo fine'
	output_is fine
}

@test "seccomp: a program of exec is under the filter too" {
	deny '["mkdirat"]'
	a_running test
	run -0 mayfly exec test helper call mkdir
	output_is "mkdir EPERM"
}

@test "seccomp: unknown actions, operators, architectures and flags are refused by their place" {
	local case

	cp "$BUNDLE/config.json" "$T/saved"
	for case in '.defaultAction = "SCMP_ACT_X"|linux.seccomp.defaultAction' '.syscalls[0].action = "X"|linux.seccomp.syscalls[0].action' \
		'.architectures = ["SCMP_ARCH_PDP11"]|linux.seccomp.architectures[0]' '.flags = ["X"]|linux.seccomp.flags[0]' \
		'.syscalls[0].args = [{index: 0, value: 0, op: "X"}]|linux.seccomp.syscalls[0].args[0].op' \
		'.syscalls[0].args = [{index: 6, value: 0, op: "SCMP_CMP_EQ"}]|linux.seccomp.syscalls[0].args[0].index' \
		'.syscalls[0].names = []|names' '.syscalls[0] |= (.action = "SCMP_ACT_KILL" \| .errnoRet = 1)|errnoRet'; do
		cp "$T/saved" "$BUNDLE/config.json"
		deny '["mkdirat"]'
		local change=${case%|*}
		update_config ".linux.seccomp |= (${change//\\|/|})"
		run -1 create test
		error_is_one_line "${case##*|}"
	done
	nothing_of test
}

# An agent at $T/agent: takes one listener and prints what came with it.
agent() {
	timeout 15 python3 - "$T/agent" <<-'PYTHON' >"$T/agent.out" 2>&1 3>&- 4>&- &
	import array, os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen(1)
	c, _ = s.accept()
	data, ancillary, _, _ = c.recvmsg(65536, 4096)
	fds = array.array("i")
	for level, kind, payload in ancillary:
	    fds.frombytes(payload[:len(payload) // 4 * 4])
	print(len(fds), os.readlink("/proc/self/fd/%d" % fds[0]))
	sys.stdout.write(data.decode())
	sys.stdout.flush()
	PYTHON
	wait_for test -S "$T/agent"
}

@test "seccomp: the listener goes to the agent with the container process state" {
	agent
	deny '["mkdirat"]' '{action: "SCMP_ACT_NOTIFY"}'
	update_config '.linux.seccomp += {listenerPath: $p, listenerMetadata: "meta"}' --arg p "$T/agent"
	set_args sleep 1000
	run -0 create test
	mayfly start test
	wait_for grep -q seccompFd "$T/agent.out"
	[[ $(head -1 "$T/agent.out") == *"seccomp notify"* ]] || fail "$(<"$T/agent.out")"
	tail -n +2 "$T/agent.out" | jq -e --argjson pid "$(pid_of test)" '.fds == ["seccompFd"] and .metadata == "meta" and .pid == $pid and .state.id == "test"'
}

@test "seccomp: NOTIFY without a listenerPath, or with nobody there, is refused" {
	deny '["mkdirat"]' '{action: "SCMP_ACT_NOTIFY"}'
	run -1 create test
	error_is_one_line listenerPath
	update_config '.linux.seccomp.listenerPath = $p' --arg p "$T/nobody"
	run -1 create test
	error_is_one_line nobody
	nothing_of test
}

@test "seccomp: the second container of one profile gets the same filter from the cache" {
	deny '["mkdirat"]'
	run -0 run_call mkdir
	run -0 run_call mkdir
	output_is "mkdir EPERM"
	deny '["mkdirat"]' '{errnoRet: 38}'
	run -0 run_call mkdir
	output_is "mkdir ENOSYS"
}
