#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces: new ones, joined ones, user namespaces with their maps, time offsets.

load helpers

ns_of() { readlink "/proc/$1/ns/$2"; }

without_namespace() { update_config '.linux.namespaces |= map(select(.type != $t))' --arg t "$1"; }
join() { update_config '.linux.namespaces |= (map(select(.type != $t)) + [{type: $t, path: $p}])' --arg t "$1" --arg p "$2"; }

user_namespace() {
	update_config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
	chown -h -R 100000:200000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
}

@test "namespaces: all eight are new" {
	local kind pid

	user_namespace
	update_config '.linux.namespaces += [{type: "time"}]'
	a_running test
	pid=$(pid_of test)
	for kind in pid net ipc uts mnt cgroup user time; do
		[[ $(ns_of "$pid" "$kind") != "$(ns_of self "$kind")" ]] || fail "$kind is the host's"
	done
}

@test "namespaces: one that is not listed is the runtime's" {
	local pid

	without_namespace network
	without_namespace ipc
	a_running test
	pid=$(pid_of test)
	[[ $(ns_of "$pid" net) == "$(ns_of self net)" ]]
	[[ $(ns_of "$pid" ipc) == "$(ns_of self ipc)" ]]
	[[ $(ns_of "$pid" uts) != "$(ns_of self uts)" ]]
}

@test "namespaces: the loopback of a new network namespace is up, and there is nothing else" {
	run -0 in_container 'cat /sys/class/net/lo/operstate; ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo up || ip addr show lo'
	output_matches 'UP|up'
	[[ $(in_container 'ls /sys/class/net') == lo ]]
}

@test "namespaces: each can be joined by path" {
	local kind type pid other

	a_running first
	other=$(pid_of first)
	for kind in net:network ipc:ipc uts:uts cgroup:cgroup; do
		type=${kind#*:} kind=${kind%:*}
		join "$type" "/proc/$other/ns/$kind"
		[[ $type != uts ]] || update_config 'del(.hostname)'
		update_config '.linux.cgroupsPath = $p' --arg p "$CGROUP-$kind"
		create second
		pid=$(pid_of second)
		[[ $(ns_of "$pid" "$kind") == "$(ns_of "$other" "$kind")" ]] || fail "$kind was not joined"
		mayfly delete --force second
	done
}

@test "namespaces: a joined pid namespace, in which the program is not 1" {
	local pid other

	a_running first
	other=$(pid_of first)
	join pid "/proc/$other/ns/pid"
	update_config '.linux.cgroupsPath += "-2"'
	set_script 'echo "pid $$"; cat /proc/1/cmdline | tr "\0" " "'
	run -0 mayfly run --bundle "$BUNDLE" second
	output_has "sleep 1000"
	output_lacks "pid 1 "
	[[ $(status_of first) == running ]]
}

@test "namespaces: killing a container with a joined pid namespace kills all of it and nothing else" {
	a_running first
	join pid "/proc/$(pid_of first)/ns/pid"
	update_config '.linux.cgroupsPath += "-2"'
	set_script 'sleep 2222 & sleep 2223 & wait'
	create second
	mayfly start second
	run -0 mayfly kill second KILL
	wait_for status_is second stopped
	run -0 mayfly delete second
	no_process 'sleep 222'
	[[ $(status_of first) == running ]]
}

@test "namespaces: a joined mount namespace is entered" {
	a_running first
	join mount "/proc/$(pid_of first)/ns/mnt"
	update_config '.linux.cgroupsPath += "-2" | .mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root = {path: "/"}'
	run create second
	if ((status == 0)); then
		[[ $(ns_of "$(pid_of second)" mnt) == "$(ns_of "$(pid_of first)" mnt)" ]]
	else
		error_is_one_line
	fi
}

@test "namespaces: a type given twice is refused" {
	update_config '.linux.namespaces += [{type: "pid"}]'
	run -1 create test
	error_is_one_line 'linux.namespaces[6]'
	nothing_of test
}

@test "namespaces: an unknown type is refused by its name" {
	update_config '.linux.namespaces[2].type = "utz"'
	run -1 create test
	error_is_one_line 'linux.namespaces[2].type' utz
}

@test "namespaces: a path that is missing, relative, of another kind or no namespace is refused" {
	local path

	cp "$BUNDLE/config.json" "$T/saved"
	for path in /no/such ns/net "/proc/self/ns/uts" /etc/passwd "$T"; do
		cp "$T/saved" "$BUNDLE/config.json"
		join network "$path"
		run -1 create test
		error_is_one_line 'linux.namespaces'
		nothing_of test
	done
}

@test "namespaces: the host's own by path is the same as not listing it" {
	join network /proc/self/ns/net
	a_running test
	[[ $(ns_of "$(pid_of test)" net) == "$(ns_of self net)" ]]
}

@test "namespaces: the maps of a user namespace are written as given" {
	user_namespace
	run -0 in_container 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; helper ids'
	output_is $' 0 100000 65536\n 0 200000 65536\nuid=0,0,0 gid=0,0,0 groups='
}

@test "namespaces: several maps" {
	user_namespace
	update_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 1000, hostID: 300000, size: 5}]'
	run -0 in_container 'cat /proc/self/uid_map | tr -s " "'
	output_is $' 0 100000 10\n 1000 300000 5'
}

@test "namespaces: a user namespace with another user and the usual mounts" {
	user_namespace
	update_config '.process.user = {uid: 1000, gid: 1000, additionalGids: [7]}'
	run -0 in_container 'helper ids; ls /proc/self/status /sys/kernel /dev/pts >/dev/null && echo seen'
	output_is $'uid=1000,1000,1000 gid=1000,1000,1000 groups=7\nseen'
}

@test "namespaces: a uid that is not mapped is refused" {
	user_namespace
	update_config '.process.user = {uid: 70000, gid: 0}'
	run -1 create test
	error_is_one_line process.user
	nothing_of test
}

@test "namespaces: a user namespace without maps, or maps without one, is refused" {
	update_config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	run -1 create test
	error_is_one_line uidMappings
	update_config 'del(.linux.uidMappings) | .linux.namespaces += [{type: "user"}]'
	run -1 create test
	error_is_one_line
	nothing_of test
}

@test "namespaces: maps that overlap, or of size 0, are refused" {
	user_namespace
	update_config '.linux.uidMappings += [{containerID: 5, hostID: 300000, size: 5}]'
	run -1 create test
	error_is_one_line uidMappings
	update_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 0}]'
	run -1 create test
	error_is_one_line uidMappings
	nothing_of test
}

@test "namespaces: a joined user namespace with maps that are its own" {
	user_namespace
	a_running first
	update_config '.linux.namespaces |= map(if .type == "user" then .path = $p else . end) | .linux.cgroupsPath += "-2"' --arg p "/proc/$(pid_of first)/ns/user"
	set_script 'cat /proc/self/uid_map | tr -s " "; helper ids'
	run -0 mayfly run --bundle "$BUNDLE" second
	output_has ' 0 100000 65536'
	output_has 'uid=0,0,0'
}

@test "namespaces: time offsets" {
	update_config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 864000, nanosecs: 0}, monotonic: {secs: 86400, nanosecs: 5}}'
	run -0 in_container 'cut -d. -f 1 /proc/uptime; tr -s " " <  /proc/self/timens_offsets'
	((lines[0] >= 864000)) || fail "$output"
	output_has 'monotonic 86400 5'
}

@test "namespaces: time offsets without a time namespace, or with a joined one, are refused" {
	update_config '.linux.timeOffsets = {boottime: {secs: 1, nanosecs: 0}}'
	run -1 create test
	error_is_one_line time
	join time /proc/self/ns/time
	run -1 create test
	error_is_one_line time
}

@test "namespaces: the cgroup namespace's root is the container's cgroup" {
	run -0 in_container 'grep ^0:: /proc/self/cgroup'
	output_is "0::/"
}
