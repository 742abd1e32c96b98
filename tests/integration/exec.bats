#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: another process in a container.

load helpers

process_json() {
	jq '.process' "$BUNDLE/config.json" | jq "$1" >"$T/process.json"
}

@test "exec: runs a program in the container's namespaces, root and cgroup" {
	local kind pid

	a_running test
	pid=$(pid_of test)
	for kind in pid net ipc uts mnt cgroup; do
		[[ $(mayfly exec test readlink "/proc/self/ns/$kind") == "$(readlink "/proc/$pid/ns/$kind")" ]] || fail "$kind"
	done
	run -0 mayfly exec test cat /proc/self/cgroup
	[[ $(grep ^0:: <<<"$output") == 0::/ ]]
}

@test "exec: ends with the program's status, or 128 plus the signal" {
	a_running test
	run -0 mayfly exec test true
	run -7 mayfly exec test sh -c 'exit 7'
	run -143 mayfly exec test sh -c 'kill -TERM $$; sleep 5'
}

@test "exec: standard input, output and error are mayfly's" {
	a_running test
	output=$(echo hello | mayfly exec test cat)
	output_is hello
	run -0 --separate-stderr mayfly exec test sh -c 'echo out; echo err >&2'
	[[ $output == out && $stderr == err ]]
}

@test "exec: the user, groups, capabilities and environment are those of the container's process" {
	update_config '.process.user = {uid: 1000, gid: 1001, additionalGids: [5]}'
	a_running test
	run -0 mayfly exec test helper ids
	output_is "uid=1000,1000,1000 gid=1001,1001,1001 groups=5"
	run -0 mayfly exec test helper caps
	output_has "inh=0 prm=0 eff=0"
	output_has nnp=1
	run -0 mayfly exec test env
	output_has PATH=/bin:/usr/bin
	output_has HOME=/home/user
}

@test "exec: --cwd, --env, --user, --additional-gids and --cap" {
	a_running test
	run -0 mayfly exec --cwd /tmp test helper cwd
	output_is /tmp
	run -0 mayfly exec --env A=b -e C=d test sh -c 'echo $A$C'
	output_is bd
	run -0 mayfly exec --user 5:6 --additional-gids 7 --additional-gids 8 test helper ids
	output_is "uid=5,5,5 gid=6,6,6 groups=7,8"
	run -0 mayfly exec --cap CAP_CHOWN test helper caps
	[[ $output =~ bnd=([0-9a-f]+) ]]
	((16#${BASH_REMATCH[1]} & 1))
}

@test "exec: --process tells everything" {
	a_running test
	process_json '.args = ["sh", "-c", "helper ids; helper cwd; echo $X; umask"] | .user = {uid: 9, gid: 8, umask: 7} | .cwd = "/tmp" | .env = ["PATH=/bin", "X=y"]'
	run -0 mayfly exec --process "$T/process.json" test
	output_is $'uid=9,9,9 gid=8,8,8 groups=\n/tmp\ny\n0007'
}

@test "exec: a program that is missing is an error at once, with its text" {
	a_running test
	run -255 mayfly exec test no-such
	error_is_one_line 'exec: "no-such": executable file not found in $PATH'
	run -255 mayfly exec test /no/such
	error_is_one_line 'exec: "/no/such": stat /no/such: no such file or directory'
	run -255 mayfly exec test /etc/passwd
	error_is_one_line 'exec: "/etc/passwd": permission denied'
	run -255 mayfly exec --detach test no-such
	error_is_one_line 'executable file not found in $PATH'
}

@test "exec: --detach returns while the program runs, and the pid-file names it" {
	a_running test
	run -0 quietly mayfly exec --detach --pid-file "$T/pid" test sleep 500
	[[ $(od -An -c "$T/pid" | tr -d ' \n') =~ ^[0-9]+$ ]]
	[[ $(tr '\0' ' ' <"/proc/$(<"$T/pid")/cmdline") == "sleep 500 " ]]
}

@test "exec: a failed one writes no pid-file" {
	a_running test
	run -255 quietly mayfly exec --detach --pid-file "$T/pid" test no-such
	[[ ! -e $T/pid ]]
}

@test "exec: in a stopped container is refused with 255" {
	a_stopped test
	run -255 mayfly exec test true
	error_is_one_line "cannot exec in a stopped container"
}

@test "exec: in an unknown container is refused with 255" {
	run -255 mayfly exec nobody true
	error_is_one_line "container does not exist"
}

@test "exec: works in a created container" {
	set_args sleep 1000
	create test
	run -0 mayfly exec test echo fine
	output_is fine
}

@test "exec: in a paused container is refused unless --ignore-paused" {
	a_running test
	echo 1 >"$CGROUP_MOUNT$CGROUP/cgroup.freeze"
	wait_for grep -q 'frozen 1' "$CGROUP_MOUNT$CGROUP/cgroup.events"
	run -255 mayfly exec test true
	error_is_one_line "cannot exec in a paused container (use --ignore-paused to override)"
	[[ $(status_of test) == paused ]]
	run -0 mayfly delete --force test
}

@test "exec: the pid namespace is the container's and the parent is out of sight" {
	a_running test
	run -0 mayfly exec test sh -c 'cut -d" " -f 4 /proc/self/stat'
	[[ $output != 1 ]]
	run -0 mayfly exec test sh -c 'cut -d" " -f 4 /proc/$$/stat'
	output_is 0
}

@test "exec: no descriptor but 0, 1 and 2" {
	a_running test
	output=$(mayfly exec test helper fds 9</ 3>&- 4>&-)
	output_is ""
}

@test "exec: the bundle may be gone" {
	a_running test
	mv "$BUNDLE" "$T/gone"
	run -0 mayfly exec test echo fine
	output_is fine
	mv "$T/gone" "$BUNDLE"
}

@test "exec: into a user namespace" {
	update_config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -h -R 100000:100000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
	a_running test
	run -0 mayfly exec test helper ids
	output_is "uid=0,0,0 gid=0,0,0 groups="
	[[ $(mayfly exec test readlink /proc/self/ns/user) == "$(readlink "/proc/$(pid_of test)/ns/user")" ]]
}

@test "exec: a program that outlives its exec is deleted with the container" {
	a_running test
	run -0 quietly mayfly exec test sh -c 'sleep 3333 & exit 0'
	run -0 mayfly delete --force test
	no_process 'sleep 3333'
}

@test "exec: is a session of its own" {
	a_running test
	run -0 mayfly exec test sh -c 'awk "{print (\$1 == \$6)}" /proc/$$/stat'
	output_is 1
}

@test "exec: fifty in a row leave nothing behind" {
	local n before

	a_running test
	before=$(find /proc/[0-9]* -maxdepth 0 | wc -l)
	for ((n = 0; n < 50; n++)); do
		mayfly exec test true
	done
	(($(find /proc/[0-9]* -maxdepth 0 | wc -l) <= before + 1))
}

@test "exec: scheduler and I/O priority are the process's own, not the container's" {
	update_config '.process.scheduler = {policy: "SCHED_BATCH", nice: 4} | .process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	a_running test
	process_json '.args = ["sh", "-c", "cut -d\" \" -f 19,41 /proc/self/stat; ionice -p $$"] | del(.scheduler, .ioPriority)'
	run -0 mayfly exec --process "$T/process.json" test
	[[ ${lines[0]} == "$(nice) 0" ]] || fail "$output"
	output_lacks idle
	process_json '.args = ["sh", "-c", "cut -d\" \" -f 19,41 /proc/self/stat; ionice -p $$"]
		| .scheduler = {policy: "SCHED_IDLE"} | .ioPriority = {class: "IOPRIO_CLASS_BE", priority: 2}'
	run -0 mayfly exec --process "$T/process.json" test
	[[ ${lines[0]} == "$(nice) 5" ]] || fail "$output"
	output_has "best-effort: prio 2"
}

@test "exec: execCPUAffinity is what the process has in the end: final, else initial, else every CPU" {
	local online last

	online=$(cat /sys/devices/system/cpu/online)
	last=${online##*[-,]}
	a_running test
	affinity() {
		process_json ".args = [\"grep\", \"Cpus_allowed_list\", \"/proc/self/status\"] | .execCPUAffinity = $1"
		timeout 10 taskset -c "${2:-$online}" "$MAYFLY" --root "$ROOT" exec --process "$T/process.json" test | cut -f 2
	}
	[[ $(affinity '{initial: "0"}') == 0 ]]
	[[ $(affinity "{initial: \"0\", final: \"$last\"}") == "$last" ]]
	[[ $(affinity null 0) == "$online" ]]
	run affinity '{final: "4000"}'
	error_is_one_line process.execCPUAffinity.final
	run affinity '{final: "x"}'
	error_is_one_line execCPUAffinity.final
}
