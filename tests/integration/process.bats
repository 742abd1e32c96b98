#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process: user, capabilities, rlimits, umask, cwd, env, args, and what the program inherits.

load helpers

run_args() { set_args "$@"; mayfly run --bundle "$BUNDLE" test; }

# --- user -------------------------------------------------------------------------------------------

@test "process: uid, gid and additional groups are exactly those of the config" {
	update_config '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 6]}'
	run -0 run_args helper ids
	output_is "uid=1000,1000,1000 gid=1001,1001,1001 groups=5,6"
}

@test "process: without additionalGids there is no group of the caller's" {
	run -0 run_args helper ids
	output_is "uid=0,0,0 gid=0,0,0 groups="
}

@test "process: the umask is 0022 unless the config has one" {
	run -0 in_container umask
	output_is 0022
	update_config '.process.user.umask = 63'
	run -0 in_container umask
	output_is 0077
}

# --- capabilities -----------------------------------------------------------------------------------

@test "process: the capability sets are those of the config" {
	update_config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]}'
	run -0 run_args helper caps
	output_is "inh=0 prm=20 eff=20 bnd=21 amb=0 nnp=1"
}

@test "process: a user other than root keeps capabilities only as ambient ones" {
	update_config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}'
	run -0 run_args helper caps
	output_is "inh=20 prm=20 eff=20 bnd=20 amb=20 nnp=1"
	update_config '.process.capabilities |= del(.inheritable, .ambient)'
	run -0 run_args helper caps
	output_is "inh=0 prm=0 eff=0 bnd=20 amb=0 nnp=1"
}

@test "process: no capabilities object means none at all" {
	update_config 'del(.process.capabilities)'
	run -0 run_args helper caps
	output_is "inh=0 prm=0 eff=0 bnd=0 amb=0 nnp=1"
}

@test "process: an unknown capability is no failure and grants nothing" {
	update_config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_UNHEARD_OF"], permitted: ["CAP_KILL", "CAP_UNHEARD_OF"]}'
	run -0 run_args helper caps
	output_has "bnd=20 amb=0"
}

@test "process: no_new_privs is set when asked for and only then" {
	run -0 run_args helper caps
	output_has nnp=1
	update_config '.process.noNewPrivileges = false'
	run -0 run_args helper caps
	output_has nnp=0
}

# --- rlimits, oom score and the like ----------------------------------------------------------------

@test "process: rlimits" {
	update_config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 18446744073709551615}]'
	set_script 'helper rlimit 7; helper rlimit 4'
	# jq's numbers are doubles.
	sed -i 's/18446744073709552000/18446744073709551615/' "$BUNDLE/config.json"
	run -0 mayfly run --bundle "$BUNDLE" test
	[[ ${lines[0]} == "100 200" ]] || fail "$output"
	[[ ${lines[1]} == "0 18446744073709551615" ]] || fail "$output"
}

@test "process: rlimits that the config does not name are the caller's" {
	local soft

	soft=$(ulimit -Sn)
	run -0 in_container 'ulimit -Sn'
	output_is "$soft"
}

@test "process: oomScoreAdj is set, 0 too" {
	update_config '.process.oomScoreAdj = 500'
	run -0 in_container 'cat /proc/self/oom_score_adj'
	output_is 500
	update_config '.process.oomScoreAdj = 0'
	run -0 in_container 'cat /proc/self/oom_score_adj'
	output_is 0
}

@test "process: the scheduler, nice value and I/O priority" {
	update_config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5} | .process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	run -0 in_container 'cut -d" " -f 19,41 /proc/self/stat; ionice -p $$'
	[[ ${lines[0]} == "5 3" ]] || fail "$output"
	output_has idle
}

@test "process: a real-time policy, its priority, and SCHED_FLAG_RESET_ON_FORK" {
	update_config '.process.scheduler = {policy: "SCHED_FIFO", priority: 7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	# policy and priority of the program itself, and of a child of its own
	run in_container 'read -r line </proc/$$/stat; echo "$line" | cut -d" " -f 40,41; cut -d" " -f 40,41 /proc/self/stat; :'
	if ((status == 0)); then
		[[ ${lines[0]} == "7 1" && ${lines[1]} == "0 0" ]] || fail "$output"
	else
		error_is_one_line process.scheduler "operation not permitted"
	fi
	update_config '.process.scheduler = {policy: "SCHED_RR", priority: 3}'
	run in_container 'read -r line </proc/$$/stat; echo "$line" | cut -d" " -f 40,41'
	((status != 0)) || output_is "3 2"
}

@test "process: SCHED_DEADLINE with its three times" {
	update_config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 20000000, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	run in_container 'read -r line </proc/$$/stat; echo "$line" | cut -d" " -f 41'
	# The kernel admits it or not; a third thing there is not.
	((status == 0)) && output_is 6 || error_is_one_line process.scheduler
}

@test "process: the I/O priority has class and level" {
	update_config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run -0 in_container 'ionice -p $$'
	output_has "best-effort: prio 6"
	update_config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
	run -1 create test
	error_is_one_line process.ioPriority
}

@test "process: scheduler values that do not fit the policy are refused" {
	update_config '.process.scheduler = {policy: "SCHED_OTHER", nice: 20}'
	run -1 create test
	error_is_one_line scheduler
	update_config '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}'
	run -1 create test
	error_is_one_line scheduler
	update_config '.process.scheduler = {policy: "SCHED_NONE"}'
	run -1 create test
	error_is_one_line scheduler.policy
}

@test "process: the personality" {
	update_config '.linux.personality = {domain: "LINUX32"}'
	run -0 in_container 'uname -m; cat /proc/self/personality 2>/dev/null'
	output_matches '^i[36]86'
}

@test "process: the affinity of the caller is not the container's" {
	set_script 'grep Cpus_allowed_list /proc/self/status | cut -f 2'
	output=$(taskset -c 0 "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test)
	output_is "$(cat /sys/devices/system/cpu/online)"
}

@test "process: signals ignored or blocked by the caller are neither in the container" {
	set_args helper signals
	output=$(trap '' USR1 PIPE HUP; "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test)
	output_is "blocked=0 ignored=0"
}

@test "process: run hands on a signal that a C library keeps to itself" {
	local pid status=0

	set_script 'trap "exit 7" 34; touch /tmp/ready; while :; do sleep 0.1; done'
	update_config '.mounts += [{destination: "/tmp", type: "bind", source: $t, options: ["bind"]}]' --arg t "$T"
	"$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test </dev/null >/dev/null 2>&1 3>&- 4>&- &
	pid=$!
	wait_for test -e "$T/ready"
	kill -34 "$pid"
	wait "$pid" || status=$?
	((status == 7)) || fail "status $status"
}

@test "process: it is a session of its own" {
	run -0 in_container 'cut -d" " -f 1,5,6 /proc/1/stat'
	output_is "1 1 1"
}

@test "process: it has a session keyring unless --no-new-keyring" {
	run -0 in_container true
	set_args true
	run -0 mayfly run --no-new-keyring --bundle "$BUNDLE" test
}

# --- cwd --------------------------------------------------------------------------------------------

@test "process: cwd" {
	update_config '.process.cwd = "/tmp"'
	run -0 run_args helper cwd
	output_is /tmp
}

@test "process: a cwd that is missing is made" {
	update_config '.root.readonly = false | .process.cwd = "/made/for/us"'
	run -0 run_args helper cwd
	output_is /made/for/us
}

@test "process: a cwd that is not absolute is refused" {
	update_config '.process.cwd = "tmp"'
	run -1 create test
	error_is_one_line process.cwd
}

@test "process: a cwd only the user may enter works for the user" {
	mkdir -m 700 "$ROOTFS/home/only"
	chown 1000 "$ROOTFS/home/only"
	update_config '.process.cwd = "/home/only" | .process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	run -0 run_args helper cwd
	output_is /home/only
}

@test "process: a cwd that is a file is no directory" {
	update_config '.process.cwd = "/etc/passwd"'
	run -1 create test
	error_is_one_line "not a directory"
}

# --- env --------------------------------------------------------------------------------------------

@test "process: the environment is the config's and HOME" {
	update_config '.process.env = ["PATH=/bin", "A=b", "EMPTY="]'
	run -0 run_args env
	[[ $(sort <<<"$output") == $'A=b\nEMPTY=\nHOME=/root\nPATH=/bin' ]] || fail "$output"
}

@test "process: HOME comes from the container's passwd, or is /" {
	update_config '.process.user = {uid: 1000, gid: 1000}'
	run -0 in_container 'echo $HOME'
	output_is /home/user
	update_config '.process.user = {uid: 4711, gid: 4711}'
	run -0 in_container 'echo $HOME'
	output_is /
	update_config '.process.env += ["HOME=/mine"]'
	run -0 in_container 'echo $HOME'
	output_is /mine
}

@test "process: the last of two values of one variable holds" {
	update_config '.process.env += ["A=1", "A=2"]'
	run -0 run_args env
	[[ $(grep -c ^A= <<<"$output") == 1 ]]
	output_has A=2
}

@test "process: a variable without = is refused" {
	update_config '.process.env += ["NOVALUE"]'
	run -1 create test
	error_is_one_line process.env
}

# --- args -------------------------------------------------------------------------------------------

@test "process: args are passed as they are" {
	run -0 run_args printf '[%s]' a 'b c' '' '"' $'x\ny' '*'
	output_is $'[a][b c][]["][x\ny][*]'
}

@test "process: a program that is nowhere in PATH" {
	set_args no-such
	run -1 create test
	error_is_one_line 'exec: "no-such": executable file not found in $PATH'
}

@test "process: an absolute program that is missing" {
	set_args /no/such
	run -1 create test
	error_is_one_line 'exec: "/no/such": stat /no/such: no such file or directory'
}

@test "process: a program that is not executable" {
	set_args /etc/passwd
	run -1 create test
	error_is_one_line 'exec: "/etc/passwd": permission denied'
}

@test "process: a program that is a directory" {
	set_args /tmp
	run -1 create test
	error_is_one_line 'exec: "/tmp": is a directory' 'permission denied'
}

@test "process: a file of no known format is an exec format error of start" {
	printf 'not a program\n' >"$ROOTFS/bin/bad"
	chmod 755 "$ROOTFS/bin/bad"
	set_args /bin/bad
	run mayfly run --bundle "$BUNDLE" test
	((status != 0))
	output_has "exec format error"
}

@test "process: a script whose interpreter is missing is an error of start" {
	printf '#!/no/interpreter\n' >"$ROOTFS/bin/bad"
	chmod 755 "$ROOTFS/bin/bad"
	set_args /bin/bad
	run mayfly run --bundle "$BUNDLE" test
	((status != 0))
	output_has "no such file or directory"
}

@test "process: the PATH is the container's" {
	mkdir "$ROOTFS/special"
	cp "$ROOTFS/bin/helper" "$ROOTFS/special/mine"
	update_config '.process.env = ["PATH=/special"]'
	run -0 run_args mine cwd
	output_is /
}

@test "process: a relative program counts from cwd" {
	cp "$ROOTFS/bin/helper" "$ROOTFS/home/mine"
	update_config '.process.cwd = "/home"'
	run -0 run_args ./mine cwd
	output_is /home
}

@test "process: its output belongs to the user, so that /dev/stdout can be opened again" {
	update_config '.process.user = {uid: 1000, gid: 1000}'
	set_script 'echo again >/dev/stdout'
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is again
}

@test "process: --preserve-fds passes what is asked for and no more" {
	set_args helper fds
	echo kept >"$T/kept"
	output=$(mayfly run --preserve-fds 1 --bundle "$BUNDLE" test 3<"$T/kept" 4<"$T/kept")
	[[ $output == 3\ * && $output != *$'\n'* ]] || fail "$output"
}

@test "process: hostname and domainname" {
	update_config '.hostname = "the-host" | .domainname = "the.domain"'
	run -0 in_container 'hostname; cat /proc/sys/kernel/domainname'
	output_is $'the-host\nthe.domain'
}

@test "process: a hostname without a uts namespace is refused" {
	update_config '.linux.namespaces |= map(select(.type != "uts"))'
	run -1 create test
	error_is_one_line hostname "UTS namespace"
}

@test "process: a memory policy" {
	update_config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	run in_container 'head -1 /proc/self/numa_maps'
	if ((status == 0)); then
		output_has bind:0
		update_config '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
		run -0 in_container 'head -1 /proc/self/numa_maps'
		output_matches 'interleave=static:0'
		update_config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "9"}'
		run -1 create test
		error_is_one_line memoryPolicy
	else
		error_is_one_line memoryPolicy
	fi
	update_config '.linux.memoryPolicy = {mode: "MPOL_DEFAULT", nodes: "0"}'
	run -1 create test
	error_is_one_line memoryPolicy
}

@test "process: run.oci.keep_original_groups keeps the caller's groups" {
	update_config '.annotations = {"run.oci.keep_original_groups": "1"}'
	set_args grep Groups /proc/self/status
	run -0 timeout 10 setpriv --groups 5000,6000 "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_matches '5000 6000'
	update_config 'del(.annotations)'
	run -0 timeout 10 setpriv --groups 5000,6000 "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_lacks 5000
}

@test "process: an annotation that would change what runs is refused by name" {
	update_config '.annotations = {"run.oci.handler": "krun"}'
	run -1 create test
	error_is_one_line 'annotations["run.oci.handler"]' "not supported"
}

@test "process: the caller's null device becomes the container's own, of exec too" {
	set_args sleep 1000
	quietly mayfly create --bundle "$BUNDLE" test
	mayfly start test
	run -0 mayfly exec test sh -c 'for fd in 1/fd/0 self/fd/0; do stat -L -c "%d %i" /proc/$fd; done; stat -c "%d %i" /dev/null' </dev/null
	[[ ${lines[0]} == "${lines[2]}" && ${lines[1]} == "${lines[2]}" ]] || fail "$output"
	run -0 mayfly exec --user 1000:1000 test sh -c 'echo x >/dev/stdin && cat /dev/stdin' </dev/null
}
