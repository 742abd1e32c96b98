#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /dev: the default devices, those of the config, the links, and the rules of the device cgroup.

load helpers

@test "devices: the default ones are there with their numbers and mode" {
	run -0 in_container 'cd /dev; stat -c "%n %t:%T %a %u %g %F" null zero full random urandom tty'
	output_is 'null 1:3 666 0 0 character special file
zero 1:5 666 0 0 character special file
full 1:7 666 0 0 character special file
random 1:8 666 0 0 character special file
urandom 1:9 666 0 0 character special file
tty 5:0 666 0 0 character special file'
}

@test "devices: the links are there" {
	run -0 in_container 'cd /dev; for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done'
	output_is 'fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx'
}

@test "devices: one of the config is made with its mode and owner" {
	update_config '.linux.devices = [{path: "/dev/deep/mynull", type: "c", major: 1, minor: 3, fileMode: 420, uid: 5, gid: 6}]'
	run -0 in_container 'stat -c "%t:%T %a %u %g" /dev/deep/mynull'
	output_is '1:3 644 5 6'
}

@test "devices: they are root's whatever group mayfly runs with" {
	set_args stat -c "%n %u %g" /dev/null /dev/zero /dev/tty
	run timeout 10 setpriv --regid 1234 --clear-groups "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_is "/dev/null 0 0
/dev/zero 0 0
/dev/tty 0 0"
}

@test "devices: the mode is 0666 when none is given" {
	update_config '.linux.devices = [{path: "/dev/mynull", type: "u", major: 1, minor: 3}]'
	run -0 in_container 'stat -c "%a %u %g" /dev/mynull'
	output_is '666 0 0'
}

@test "devices: a FIFO of the config" {
	update_config '.linux.devices = [{path: "/dev/pipe", type: "p", fileMode: 384}]'
	run -0 in_container 'stat -c "%F %a" /dev/pipe'
	output_is 'fifo 600'
}

@test "devices: a type that does not exist is refused" {
	update_config '.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]'
	run -1 create test
	error_is_one_line 'linux.devices[0].type'
}

@test "devices: a path that is not absolute is refused" {
	update_config '.linux.devices = [{path: "dev/x", type: "c", major: 1, minor: 3}]'
	run -1 create test
	error_is_one_line 'linux.devices[0].path'
}

@test "devices: one of the config takes the place of the default one" {
	update_config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 5}]'
	run -0 in_container 'stat -c %t:%T /dev/full'
	output_is 1:5
}

@test "devices: one given twice the same way is fine, another under one path is refused" {
	update_config '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}, {path: "/dev/x", type: "c", major: 1, minor: 3}]'
	run -0 in_container true
	update_config '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}, {path: "/dev/x", type: "c", major: 1, minor: 5}]'
	run -1 create test
	error_is_one_line /dev/x
}

@test "devices: nothing is made in a /dev that is a bind" {
	mkdir "$T/dev"
	update_config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .mounts += [{destination: "/dev", source: $d, options: ["rbind"]}]' --arg d "$T/dev"
	set_args true
	run mayfly run --bundle "$BUNDLE" test
	[[ -z $(ls -A "$T/dev") ]] || fail "made in the host's directory: $(ls "$T/dev")"
}

with_mknod() {
	# /dev/kmsg wants CAP_SYSLOG of who opens it.
	update_config '.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
}

@test "devices: without a rule for it a device cannot be opened even when it can be made" {
	with_mknod
	set_args helper mknod /dev/mine c 1 11
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'mknod ok\nopen EPERM'
}

@test "devices: an allow rule opens exactly that device" {
	with_mknod
	update_config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "rw"}]'
	set_args helper mknod /dev/mine c 1 11
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'mknod ok\nopen ok'
	update_config '.linux.resources.devices[1].minor = 2'
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'mknod ok\nopen EPERM'
}

@test "devices: allow all allows all" {
	with_mknod
	update_config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	set_args helper mknod /dev/mine c 1 11
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'mknod ok\nopen ok'
}

@test "devices: a later deny wins over an earlier allow" {
	with_mknod
	update_config '.linux.resources.devices = [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 11, access: "rw"}]'
	set_args helper mknod /dev/mine c 1 11
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'mknod ok\nopen EPERM'
}

@test "devices: the default devices work under deny all" {
	update_config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	run -0 in_container 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; helper open r /dev/full /dev/random'
	output_is $'4\n4\n/dev/full ok\n/dev/random ok'
}

@test "devices: in a user namespace they are bound from the host" {
	update_config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -h -R 100000:100000 "$ROOTFS"
	chmod 711 "$T" "$BUNDLE"
	run -0 in_container 'stat -c "%t:%T" /dev/null /dev/zero; echo x >/dev/null'
	output_is $'1:3\n1:5'
}
