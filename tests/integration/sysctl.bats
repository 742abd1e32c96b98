#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.sysctl: what belongs to the container's namespaces is set there, all else is refused.

load helpers

sysctl() { update_config '.linux.sysctl = {($n): $v}' --arg n "$1" --arg v "$2"; }

@test "sysctl: of the ipc namespace" {
	sysctl kernel.shmmax 1234567
	run -0 in_container 'cat /proc/sys/kernel/shmmax'
	output_is 1234567
	[[ $(cat /proc/sys/kernel/shmmax) != 1234567 ]]
}

@test "sysctl: fs.mqueue" {
	sysctl fs.mqueue.msg_max 77
	run -0 in_container 'cat /proc/sys/fs/mqueue/msg_max'
	output_is 77
}

@test "sysctl: of the network namespace, by dots or by slashes" {
	sysctl net.ipv4.ip_unprivileged_port_start 0
	run -0 in_container 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	output_is 0
	sysctl net/ipv4/ip_unprivileged_port_start 81
	run -0 in_container 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	output_is 81
	sysctl net.ipv4.ping_group_range "0 2147483647"
	run -0 in_container 'cat /proc/sys/net/ipv4/ping_group_range'
	output_matches '^0[[:space:]]+2147483647$'
}

@test "sysctl: kernel.domainname with a uts namespace" {
	sysctl kernel.domainname the.domain
	run -0 in_container 'cat /proc/sys/kernel/domainname'
	output_is the.domain
}

@test "sysctl: what is in no namespace is refused" {
	sysctl vm.swappiness 1
	run -1 create test
	error_is_one_line vm.swappiness "is not in a separate kernel namespace"
	nothing_of test
}

@test "sysctl: one of a namespace the container does not have is refused" {
	update_config '.linux.namespaces |= map(select(.type != "ipc"))'
	sysctl kernel.msgmax 100
	run -1 create test
	error_is_one_line 'kernel.msgmax'
	update_config '.linux.namespaces |= map(select(.type != "network")) + [{type: "network", path: "/proc/self/ns/net"}]'
	# Should it be written after all, it is to what it is.
	sysctl net.ipv4.ip_forward "$(cat /proc/sys/net/ipv4/ip_forward)"
	run -1 create test
	error_is_one_line 'net.ipv4.ip_forward'
}

@test "sysctl: kernel.hostname is refused" {
	sysctl kernel.hostname x
	run -1 create test
	error_is_one_line kernel.hostname
}

@test "sysctl: one that does not exist says so" {
	sysctl net.ipv4.no_such_thing 1
	run -1 create test
	error_is_one_line "no_such_thing" "no such file or directory"
	nothing_of test
}

@test "sysctl: a value the kernel refuses is an error that names it" {
	sysctl net.ipv4.ip_unprivileged_port_start nonsense
	run -1 create test
	error_is_one_line ip_unprivileged_port_start "invalid argument"
	nothing_of test
}
