#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# root, masked and read-only paths, propagation.

load helpers

@test "rootfs: a read-only root cannot be written" {
	run in_container 'touch /x'
	((status != 0))
	output_has "Read-only file system"
}

@test "rootfs: a root that is not read-only can be written" {
	update_config '.root.readonly = false'
	run -0 in_container 'touch /x'
	[[ -e $ROOTFS/x ]]
}

@test "rootfs: an absolute path" {
	update_config '.root.path = $r' --arg r "$ROOTFS"
	run -0 in_container 'echo fine'
	output_is fine
}

@test "rootfs: a path that is a file is refused" {
	touch "$T/file"
	update_config '.root.path = $r' --arg r "$T/file"
	run -1 create test
	error_is_one_line "not a directory"
}

@test "rootfs: the program cannot leave it" {
	run -0 in_container 'cd ../../../..; pwd; ls -d /run/mayfly-tests 2>/dev/null || echo inside'
	output_is $'/\ninside'
}

@test "rootfs: masked files are empty, masked directories are empty" {
	mkdir "$ROOTFS/secrets"
	echo secret >"$ROOTFS/secrets/file"
	echo secret >"$ROOTFS/etc/secret"
	update_config '.linux.maskedPaths += ["/etc/secret", "/secrets", "/does/not/exist"]'
	run -0 in_container 'cat /etc/secret; ls /secrets; touch /secrets/x 2>/dev/null || echo refused'
	output_is refused
}

@test "rootfs: read-only paths are read-only, what is next to them is not" {
	mkdir "$ROOTFS/a" "$ROOTFS/b"
	update_config '.root.readonly = false | .linux.readonlyPaths += ["/a", "/does/not/exist"]'
	run -0 in_container 'touch /a/x 2>/dev/null || echo refused; touch /b/x && echo written'
	output_is $'refused\nwritten'
}

@test "rootfs: read-only paths keep nosuid, nodev and noexec" {
	update_config '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "noexec"]}] | .linux.readonlyPaths += ["/mnt"]'
	run -0 in_container 'awk "\$5 == \"/mnt\" {print \$6}" /proc/self/mountinfo | tail -1'
	output_matches '^ro,nosuid,nodev,noexec'
}

@test "rootfs: /proc/sys is read-only with the usual paths" {
	run in_container 'echo 1 >/proc/sys/kernel/msgmax'
	((status != 0))
	output_has "Read-only file system"
}

@test "rootfs: all eight values of rootfsPropagation are taken, others are not" {
	local value

	for value in shared slave private unbindable rshared rslave rprivate runbindable ''; do
		update_config '.linux.rootfsPropagation = $v' --arg v "$value"
		run in_container true
		((status == 0)) || fail "$value: $output"
	done
	update_config '.linux.rootfsPropagation = "sideways"'
	run -1 create test
	error_is_one_line rootfsPropagation
}

@test "rootfs: rootfsPropagation shared is seen in the container" {
	update_config '.linux.rootfsPropagation = "shared"'
	run -0 in_container 'grep " / / " /proc/self/mountinfo || awk "\$5 == \"/\"" /proc/self/mountinfo'
	output_has shared:
}

@test "rootfs: --no-pivot works" {
	set_script 'touch /x 2>/dev/null || echo inside; cut -d" " -f 2 /proc/mounts'
	run -0 mayfly run --no-pivot --bundle "$BUNDLE" test
	output_has inside
}

@test "rootfs: mounts, masked or read-only paths without a mount namespace are refused" {
	update_config '.linux.namespaces |= map(select(.type != "mount"))'
	run -1 create test
	error_is_one_line "mount namespace"
	nothing_of test
}
