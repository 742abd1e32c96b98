#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts[]: every kind, the options, propagation, what is made and what is refused.

load helpers

add_mount() { update_config ".mounts += [$1]" "${@:2}"; }

# options_of PATH: the per-mount and super block options as the container sees them.
options_of() { set_script "awk '\$5 == \"$1\" {print \$6, \$0}' /proc/self/mountinfo | tail -1"; mayfly run --bundle "$BUNDLE" test; }

@test "mounts: the default file systems are there" {
	run -0 in_container 'cut -d" " -f 2,3 /proc/mounts'
	for line in '/proc proc' '/dev tmpfs' '/dev/pts devpts' '/dev/shm tmpfs' '/dev/mqueue mqueue' '/sys sysfs' '/tmp tmpfs'; do
		output_has "$line"
	done
}

@test "mounts: nothing of the host is left in the table" {
	run -0 in_container 'cut -d" " -f 2 /proc/mounts'
	output_lacks "$T"
	output_lacks /run/mayfly
}

@test "mounts: options become flags of the mount" {
	add_mount '{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["ro", "nosuid", "nodev", "noexec", "noatime"]}'
	run -0 options_of /mnt
	output_matches '^ro,nosuid,nodev,noexec,noatime '
}

@test "mounts: the rest of the options goes to the file system" {
	add_mount '{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=64k", "mode=711", "uid=5", "gid=6"]}'
	run -0 in_container 'stat -c "%a %u %g" /mnt; df -k /mnt | tail -1 | tr -s " " | cut -d" " -f 2'
	output_is $'711 5 6\n64'
}

@test "mounts: an option the file system refuses names the mount" {
	add_mount '{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=zzz"]}'
	run -1 create test
	error_is_one_line 'mounts[7]' /mnt
	nothing_of test
}

@test "mounts: a file system that does not exist is named" {
	add_mount '{destination: "/mnt", type: "nosuchfs", source: "x"}'
	run -1 create test
	error_is_one_line 'mounts[7]' nosuchfs
}

@test "mounts: defaults is no option of a file system" {
	add_mount '{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["defaults", "size=64k"]}'
	run -0 in_container 'grep -c " /mnt " /proc/mounts'
	output_is 1
}

@test "mounts: a bind shows the directory and what is written goes to it" {
	mkdir "$T/volume"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind"]}' --arg s "$T/volume"
	run -0 in_container 'echo hello >/mnt/file'
	[[ $(<"$T/volume/file") == hello ]]
}

@test "mounts: a bind of a file is a file" {
	echo content >"$T/file"
	add_mount '{destination: "/etc/passwd", type: "none", source: $s, options: ["bind", "ro"]}' --arg s "$T/file"
	run -0 in_container 'cat /etc/passwd; echo x >/etc/passwd || echo refused'
	output_has content
	output_has refused
	[[ $(<"$T/file") == content ]]
}

@test "mounts: a read-only bind is read-only, its source is not" {
	mkdir "$T/volume"
	add_mount '{destination: "/mnt", type: "bind", source: $s, options: ["rbind", "ro", "nosuid", "nodev", "noexec"]}' --arg s "$T/volume"
	run -0 options_of /mnt
	output_matches '^ro,nosuid,nodev,noexec,'
	touch "$T/volume/still-writable"
}

@test "mounts: a bind source relative to the bundle" {
	mkdir "$BUNDLE/data"
	touch "$BUNDLE/data/here"
	cd /
	add_mount '{destination: "/mnt", source: "data", options: ["bind"]}'
	run -0 in_container 'ls /mnt'
	output_is here
}

@test "mounts: a bind source that is missing is an error with its path" {
	add_mount '{destination: "/mnt", type: "bind", source: $s, options: ["bind"]}' --arg s "$T/missing"
	run -1 create test
	error_is_one_line "$T/missing" "no such file or directory"
	nothing_of test
}

@test "mounts: a directory on a file, or a file on a directory, is no directory" {
	mkdir "$T/dir"
	touch "$T/file" "$ROOTFS/etc/file"
	cp "$BUNDLE/config.json" "$T/saved"
	add_mount '{destination: "/etc/file", source: $s, options: ["bind"]}' --arg s "$T/dir"
	run -1 create test
	error_is_one_line "not a directory"
	cp "$T/saved" "$BUNDLE/config.json"
	add_mount '{destination: "/mnt", source: $s, options: ["bind"]}' --arg s "$T/file"
	run -1 create test
	error_is_one_line "directory"
	nothing_of test
}

@test "mounts: type bind without the option bind is no bind" {
	add_mount '{destination: "/mnt", type: "bind", source: "/etc"}'
	run -1 create test
	error_is_one_line 'mounts[7]'
}

@test "mounts: what is no option of a bind: NAME=VALUE is warned of, a bare word refused" {
	add_mount '{destination: "/mnt", type: "bind", source: "/etc", options: ["bind", "size=1k"]}'
	set_args echo runs
	run -0 mayfly --log-level warning run --bundle "$BUNDLE" test
	output_matches 'mounts\[7\].*size=1k.*runs'
	update_config '.mounts[7].options = ["bind", "nosuit"]'
	run -1 create test
	error_is_one_line 'mounts[7]' nosuit
}

@test "mounts: bind without r leaves what is mounted below behind, rbind takes it" {
	mkdir -p "$T/volume/sub"
	mount -t tmpfs tmpfs "$T/volume/sub"
	touch "$T/volume/sub/inner"
	add_mount '{destination: "/mnt", source: $s, options: ["bind"]}, {destination: "/tmp/r", source: $s, options: ["rbind"]}' --arg s "$T/volume"
	run in_container 'ls /mnt/sub; echo -; ls /tmp/r/sub'
	umount "$T/volume/sub"
	[[ $status == 0 ]]
	output_is $'-\ninner'
}

@test "mounts: rro makes what is mounted below read-only too, ro does not" {
	mkdir -p "$T/volume/sub"
	mount -t tmpfs tmpfs "$T/volume/sub"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind", "rro"]}, {destination: "/tmp/r", source: $s, options: ["rbind", "ro"]}' --arg s "$T/volume"
	run in_container 'touch /mnt/sub/x 2>/dev/null || echo refused; touch /tmp/r/sub/x && echo written'
	umount "$T/volume/sub"
	[[ $status == 0 ]]
	output_is $'refused\nwritten'
}

@test "mounts: each recursive attribute is applied" {
	mkdir -p "$T/volume/sub"
	mount -t tmpfs tmpfs "$T/volume/sub"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind", "rnosuid", "rnodev", "rnoexec", "rnoatime"]}' --arg s "$T/volume"
	run options_of /mnt/sub
	umount "$T/volume/sub"
	output_matches '^rw,nosuid,nodev,noexec,noatime '
}

@test "mounts: a missing directory, or file for a file, is made in the root" {
	touch "$T/file"
	update_config '.root.readonly = false'
	add_mount '{destination: "/made/deep/dir", type: "tmpfs", source: "tmpfs"}, {destination: "/made/file", source: $s, options: ["bind"]}' --arg s "$T/file"
	run -0 in_container true
	[[ -d $ROOTFS/made/deep/dir && -f $ROOTFS/made/file ]]
	[[ $(stat -c %a "$ROOTFS/made") == 755 ]]
}

@test "mounts: symlinks in the image are followed inside the root" {
	mkdir "$ROOTFS/real"
	ln -s /real "$ROOTFS/link"
	ln -s ../../../../real "$ROOTFS/up"
	add_mount '{destination: "/link", type: "tmpfs", source: "tmpfs", options: ["mode=700"]}'
	run -0 in_container 'stat -c %a /real'
	output_is 700
}

@test "mounts: a relative destination counts from /" {
	add_mount '{destination: "mnt", type: "tmpfs", source: "tmpfs", options: ["mode=700"]}'
	run in_container 'stat -c %a /mnt'
	if ((status == 0)); then
		output_has 700
	else
		error_is_one_line 'mounts[7].destination'
	fi
}

@test "mounts: they are made in the order of the config" {
	add_mount '{destination: "/mnt", type: "tmpfs", source: "tmpfs"}, {destination: "/mnt/in", type: "tmpfs", source: "tmpfs"}'
	run -0 in_container 'grep -c " /mnt" /proc/mounts'
	output_is 2
}

@test "mounts: a tmpfs takes over the mode of the directory it covers" {
	mkdir -m 1777 "$ROOTFS/sticky"
	add_mount '{destination: "/sticky", type: "tmpfs", source: "tmpfs"}'
	run -0 in_container 'stat -c %a /sticky'
	output_is 1777
}

@test "mounts: tmpcopyup fills the tmpfs with what it covers" {
	mkdir -p "$ROOTFS/data/sub"
	echo inside >"$ROOTFS/data/sub/file"
	chmod 604 "$ROOTFS/data/sub/file"
	chown 5:6 "$ROOTFS/data/sub/file"
	ln -s sub/file "$ROOTFS/data/link"
	add_mount '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	run -0 in_container 'cat /data/link; stat -c "%a %u %g" /data/sub/file; echo more >/data/new && echo writable'
	output_is $'inside\n604 5 6\nwritable'
	[[ ! -e $ROOTFS/data/new ]]
}

@test "mounts: propagation options are honoured" {
	mkdir "$T/volume"
	mount --bind "$T/volume" "$T/volume"
	mount --make-shared "$T/volume"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind", "rslave"]}, {destination: "/tmp/p", source: $s, options: ["rbind", "rprivate"]}' --arg s "$T/volume"
	run in_container 'grep -E " (/mnt|/tmp/p) " /proc/self/mountinfo | cut -d" " -f 5-8'
	umount "$T/volume"
	output_matches '/mnt [^ ]* master:'
	[[ $(grep '/tmp/p' <<<"$output") != *master* ]]
}

@test "mounts: proc with options is a new instance with these" {
	update_config '.mounts[0].options = ["nosuid", "noexec", "nodev", "hidepid=invisible"]'
	run -0 in_container 'grep " /proc " /proc/mounts'
	output_matches 'hidepid=(invisible|2)'
}

@test "mounts: a cgroup mount shows the container's own cgroup as the root" {
	add_mount '{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}'
	run -0 in_container 'cat /sys/fs/cgroup/cgroup.procs | wc -l; grep " /sys/fs/cgroup " /proc/mounts; mkdir /sys/fs/cgroup/x || echo refused'
	output_has cgroup2
	output_has refused
	[[ ${lines[0]} -ge 1 ]]
}

@test "mounts: an idmapped bind shows the files of container ids to the container" {
	mkdir "$T/volume"
	chown 0:0 "$T/volume"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1000, size: 10}], gidMappings: [{containerID: 0, hostID: 2000, size: 10}]}' --arg s "$T/volume"
	run -0 in_container 'stat -c "%u %g" /mnt'
	output_is "1000 2000"
}

@test "mounts: uidMappings without gidMappings are refused" {
	add_mount '{destination: "/mnt", source: "/etc", options: ["rbind", "idmap"], uidMappings: [{containerID: 0, hostID: 0, size: 1}]}'
	run -1 create test
	error_is_one_line 'mounts[7]'
}

@test "mounts: ro on /dev holds for the program and devices are there all the same" {
	update_config '.mounts[1].options += ["ro"]'
	run -0 in_container 'echo x >/dev/null && touch /dev/x 2>/dev/null || echo refused'
	output_is refused
}

@test "mounts: a file system with an overlay of two directories" {
	mkdir "$T/lower" "$T/upper" "$T/work"
	touch "$T/lower/below"
	add_mount '{destination: "/mnt", type: "overlay", source: "overlay", options: [("lowerdir=" + $t + "/lower"), ("upperdir=" + $t + "/upper"), ("workdir=" + $t + "/work")]}' --arg t "$T"
	run -0 in_container 'ls /mnt; touch /mnt/new'
	output_is below
	[[ -e $T/upper/new ]]
}

@test "mounts: every option the features document names is understood" {
	local option known

	mkdir "$T/volume"
	known=$(mayfly features | jq -r '.mountOptions[]')
	for option in ro rw nosuid suid nodev dev noexec exec sync async dirsync noatime atime nodiratime diratime relatime norelatime \
		strictatime nostrictatime nosymfollow symfollow rro rrw rnosuid rsuid rnodev rdev rnoexec rexec rprivate rslave shared; do
		grep -qx "$option" <<<"$known" || fail "features does not name $option"
	done
	cp "$BUNDLE/config.json" "$T/saved"
	for option in rw suid dev exec async noatime atime nodiratime diratime relatime norelatime strictatime nostrictatime nosymfollow symfollow rrw rsuid rdev rexec; do
		cp "$T/saved" "$BUNDLE/config.json"
		add_mount '{destination: "/mnt", source: $s, options: ["rbind", $o]}' --arg s "$T/volume" --arg o "$option"
		run in_container true
		((status == 0)) || fail "$option: $output"
	done
}

@test "mounts: an idmap written as words, with ids of the host and of the container" {
	mkdir "$T/volume"
	chown 3:3 "$T/volume"
	add_mount '{destination: "/mnt", source: $s, options: ["rbind", "idmap=uids=0-1000-10;gids=0-2000-10"]}' --arg s "$T/volume"
	run -0 in_container 'stat -c "%u %g" /mnt'
	output_is "1003 2003"
	update_config '.mounts[-1].options[1] = "idmap=uids=@0-1000-10;gids=0-2000-10"'
	run -1 create test
	error_is_one_line 'mounts[7]' "the ids 1000 to 1009 of the container"
}

@test "mounts: dest-nofollow covers a symlink instead of what it points to" {
	mkdir "$ROOTFS/real"
	echo real >"$ROOTFS/real/file"
	ln -s real/file "$ROOTFS/link"
	echo mounted >"$T/source"
	add_mount '{destination: "/link", source: $s, options: ["bind", "dest-nofollow"]}' --arg s "$T/source"
	run -0 in_container 'cat /link /real/file'
	output_is $'mounted\nreal'
	update_config '.mounts[-1].destination = "/fresh/one"'
	run -0 in_container 'cat /fresh/one'
	output_is mounted
}

@test "mounts: src-nofollow mounts the symlink itself" {
	ln -s /nowhere "$T/link"
	: >"$ROOTFS/spot"
	add_mount '{destination: "/spot", source: $s, options: ["bind", "src-nofollow", "dest-nofollow"]}' --arg s "$T/link"
	run -0 in_container 'readlink /spot'
	output_is /nowhere
}
