#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What callers rely on that no other file asks: texts, refusals, what exec takes over.

load helpers

add_mount() { update_config ".mounts += [$1]" "${@:2}"; }

# join TYPE PATH: that namespace by path.
join() { update_config '.linux.namespaces |= (map(select(.type != $t)) + [{type: $t, path: $p}])' --arg t "$1" --arg p "$2"; }

maps='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

@test "contract: exec --user without a group keeps the group of the container's process" {
	update_config '.process.user = {uid: 1000, gid: 1000}'
	a_running test
	run -0 mayfly exec --user 1001 test sh -c 'id -u; id -g'
	output_is $'1001\n1000'
}

@test "contract: exec --cap is ambient too when it is inheritable" {
	update_config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities.inheritable = ["CAP_NET_RAW"]'
	a_running test
	run -0 mayfly exec --cap CAP_NET_RAW --cap CAP_CHOWN test grep -E 'CapInh|CapEff|CapAmb' /proc/self/status
	output_is $'CapInh:\t0000000000002000\nCapEff:\t0000000000002000\nCapAmb:\t0000000000002000'
}

@test "contract: an unknown container is said in these words alone" {
	local command

	for command in state start kill delete; do
		run -1 mayfly "$command" gone
		output_is "mayfly $command failed: container does not exist: gone"
	done
	run -255 mayfly exec gone true
	output_is "mayfly exec failed: container does not exist: gone"
}

@test "contract: commands that are not built yet say so" {
	run -1 mayfly mounts --help
	error_is_one_line '"mounts" is not supported yet'
}

@test "contract: features promises nothing that is refused" {
	run -0 mayfly features
	jq -e '.linux.intelRdt.enabled == true and .linux.netDevices.enabled == true' <<<"$output"
	jq -e '.mountOptions == (.mountOptions | sort)' <<<"$output"
	for word in $(jq -r '.mountOptions[] | select(test("symlink|dest-"))' <<<"$output"); do
		update_config 'del(.mounts[7:])'
		add_mount '{destination: "/mnt", source: "/etc", options: ["bind", $w]}' --arg w "$word"
		run -0 mayfly plan "$BUNDLE"
	done
}

@test "contract: a startContainer hook that fails destroys the container, then poststop runs" {
	update_config '.hooks = {startContainer: [{path: "/bin/false"}], poststop: [{path: "/bin/sh", args: ["sh", "-c", $c]}]}' \
		--arg c "cat >$T/poststop"
	create test
	run -1 mayfly start test
	error_is_one_line 'error running startContainer hook #0'
	nothing_of test
	jq -e '.status == "stopped"' "$T/poststop"
}

@test "contract: a hook that cannot be executed is named" {
	update_config '.hooks = {prestart: [{path: "/no/such/hook"}]}'
	run -1 create test
	error_is_one_line 'error running prestart hook #0' /no/such/hook 'no such file or directory'
}

@test "contract: mount errors name source and destination" {
	touch "$T/file"
	add_mount '{destination: "/mnt", source: "/no/such", options: ["bind"]}'
	run -1 create test
	error_is_one_line 'error mounting "/no/such" to rootfs at "/mnt"' 'no such file or directory'
	update_config '.mounts[7].source = $s' --arg s "$T/file"
	run -1 create test
	error_is_one_line "error mounting \"$T/file\" to rootfs at \"/mnt\"" 'not a directory'
}

@test "contract: copy-symlink makes the symlink anew, and binds what is none" {
	mkdir "$T/dir"
	touch "$T/dir/inside"
	ln -s /elsewhere/that "$T/link"
	add_mount '{destination: "/mnt/link", source: $s, options: ["bind", "copy-symlink"]}' --arg s "$T/link"
	add_mount '{destination: "/var", source: $s, options: ["bind", "copy-symlink"]}' --arg s "$T/dir"
	run -1 in_container 'readlink /mnt/link; ls /var; grep -c /mnt/link /proc/self/mountinfo'
	output_is $'/elsewhere/that\ninside\n0'
	rm "$ROOTFS/mnt/link"
	touch "$ROOTFS/mnt/link"
	run -1 create test
	error_is_one_line 'copy the symlink' 'file exists'
}

@test "contract: --debug says more, on standard error or in the log, and no more on standard output" {
	set_args echo hello
	run --separate-stderr -0 mayfly --debug run --bundle "$BUNDLE" test
	output_is hello
	[[ $stderr == *debug*run* ]]
	run --separate-stderr -0 mayfly --debug --log "$T/log" --log-format json run --bundle "$BUNDLE" test
	[[ $output == hello && -z $stderr ]]
	jq -se 'length > 0 and all(.level == "debug")' "$T/log"
}

@test "contract: on /proc only a procfs can be bound" {
	add_mount '{destination: "/proc", source: "/etc", options: ["bind"]}'
	run -1 create test
	error_is_one_line /proc procfs
	update_config '.mounts[7].source = "/proc/sys"'
	run -1 create test
	error_is_one_line /proc procfs
	update_config '.mounts[7].source = "/proc"'
	run -0 create test
}

@test "contract: a sysctl is refused in a namespace that is the host's by path" {
	local before

	before=$(cat /proc/sys/net/ipv4/ip_forward)
	join network /proc/self/ns/net
	update_config '.linux.sysctl = {"net.ipv4.ip_forward": $v}' --arg v "$((1 - before))"
	run -1 create test
	error_is_one_line 'net.ipv4.ip_forward' 'not allowed in host network namespace'
	[[ $(cat /proc/sys/net/ipv4/ip_forward) == "$before" ]]
}

@test "contract: a refused sysctl is called as in the config" {
	update_config '.linux.sysctl = {"vm.swappiness": "1"}'
	run -1 create test
	error_is_one_line 'sysctl "vm.swappiness" is not in a separate kernel namespace'
}

@test "contract: maps that are not those of the joined user namespace are refused" {
	chmod -R a+rX "$BUNDLE"
	update_config "$maps | .linux.namespaces += [{type: \"user\"}]"
	a_running one
	join user "/proc/$(pid_of one)/ns/user"
	update_config 'del(.linux.cgroupsPath)'
	set_args true
	run -0 mayfly run --bundle "$BUNDLE" two
	update_config '.linux.gidMappings[0].hostID = 100001'
	run -1 mayfly run --bundle "$BUNDLE" three
	error_is_one_line 'both namespace path and non-matching mapping specified'
	update_config '.linux.gidMappings[0].hostID = 100000 | .linux.uidMappings += [{containerID: 70000, hostID: 5, size: 1}]'
	run -1 mayfly run --bundle "$BUNDLE" three
	error_is_one_line 'non-matching mapping'
}
