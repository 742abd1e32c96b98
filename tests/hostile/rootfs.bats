#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# R: root file systems made to lead the runtime astray.

load helpers

# Ways an image can point at the canary: absolute, relative far up, through /proc.
links_to() {
	echo "$1"
	echo "../../../../../../../../../..$1"
	echo "/proc/1/root$1"
}

no_dev_mount() {
	update_config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
}

# The same link with a rootfs that can be written, for each way.
try_link() {
	local place=$1 target=$2 way

	while read -r way; do
		rm -rf "${ROOTFS:?}$place"
		ln -s "$way" "$ROOTFS$place"
		attack_create
		refused_or_contained
		canary_intact
	done < <(links_to "$target")
}

@test "R1 /dev is a symlink to the canary, no mount on /dev" {
	no_dev_mount
	try_link /dev "$CANARY/dir"
}

@test "R2 /dev is a symlink to the canary, with a mount on /dev" {
	local way

	while read -r way; do
		rmdir "$ROOTFS/dev" 2>/dev/null || rm "$ROOTFS/dev"
		ln -s "$way" "$ROOTFS/dev"
		attack_create
		refused
	done < <(links_to "$CANARY/dir")
}

@test "R3 /proc and /sys that are symlinks are refused" {
	local place way

	for place in proc sys; do
		for way in etc "$CANARY/dir" .. ../../canary/dir /; do
			rmdir "$ROOTFS/$place" 2>/dev/null || rm -f "$ROOTFS/$place"
			ln -s "$way" "$ROOTFS/$place"
			attack_create
			refused "$place"
			rm "$ROOTFS/$place"
			mkdir "$ROOTFS/$place"
		done
	done
}

@test "R3 /proc and /sys that are a file or a FIFO are refused" {
	local place

	for place in proc sys; do
		rmdir "$ROOTFS/$place"
		touch "$ROOTFS/$place"
		attack_create
		refused "$place"
		rm "$ROOTFS/$place"
		mkfifo "$ROOTFS/$place"
		attack_create
		refused "$place"
		rm "$ROOTFS/$place"
		mkdir "$ROOTFS/$place"
	done
}

@test "R3 /proc and /sys that are missing are made" {
	rmdir "$ROOTFS/proc" "$ROOTFS/sys"
	set_script 'test -d /proc/self && test -d /sys/kernel'
	attack_run
	contained
}

@test "R4 /dev/null in an image without /dev mount: a symlink, file, FIFO, directory or wrong device" {
	local make

	no_dev_mount
	update_config '.process.user = {uid: 1234, gid: 1234}'
	for make in "ln -s $CANARY/file" "ln -s ../../../canary/file" "touch" "mkfifo" "mkdir" "mknod_zero"; do
		rm -rf "${ROOTFS:?}/dev"
		mkdir "$ROOTFS/dev"
		if [[ $make == mknod_zero ]]; then
			mknod "$ROOTFS/dev/null" c 1 5
		else
			$make "$ROOTFS/dev/null"
		fi
		set_script 'head -c 1 /proc/kcore; cat /proc/timer_list | head -c 10; echo end'
		attack_run
		if ((status == 0)); then
			[[ $(<"$T/stdout") == end ]] || fail "$output"
		else
			refused
		fi
		canary_intact
	done
}

@test "R5 a masked file shows nothing while /dev/null is replaced all the time" {
	local n

	no_dev_mount
	echo secret >"$ROOTFS/secret"
	mknod "$ROOTFS/dev/null" c 1 3
	echo evil >"$ROOTFS/dev/evil"
	update_config '.linux.maskedPaths = ["/secret"]'
	set_args cat /secret
	"$WORK/helper" swap "$ROOTFS/dev/null" "$ROOTFS/dev/evil" 3>&- 4>&- &
	for ((n = 0; n < 20; n++)); do
		attack_run || break
		[[ $status != 0 || -z $output ]] || break
	done
	kill %1
	((n == 20)) || fail "round $n: $output"
}

@test "R6 /dev/console prepared as a link to a host file, a FIFO, or to nothing" {
	local make read_only

	update_config '.process.terminal = true | .mounts |= map(select(.destination | startswith("/dev") | not))'
	for read_only in true false; do
		for make in "ln -s $CANARY/file" "ln -s ../../../canary/file" "ln -s /nowhere" "mkfifo"; do
			update_config ".root.readonly = $read_only"
			rm -rf "${ROOTFS:?}/dev"
			mkdir "$ROOTFS/dev"
			$make "$ROOTFS/dev/console"
			attack_run_with_console
			refused_or_contained
			canary_intact
		done
	done
}

attack_run_with_console() {
	rm -f "$T/console"
	python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('$T/console'); s.listen(1); s.settimeout(20)
try:
    c, _ = s.accept(); print(len(c.recvmsg(4096, 4096)[1]))
except OSError: pass" 3>&- 4>&- >/dev/null &
	wait_for test -S "$T/console"
	attack create --bundle "$BUNDLE" --console-socket "$T/console" test
	kill %% 2>/dev/null || true
}

@test "R7 pts and ptmx prepared as files or links, no devpts mount, a terminal wanted" {
	local what

	update_config '.process.terminal = true | .root.readonly = false
		| .mounts |= map(select(.destination | startswith("/dev") | not))'
	for what in "mkdir -p $ROOTFS/dev/pts; touch $ROOTFS/dev/pts/0 $ROOTFS/dev/pts/ptmx $ROOTFS/dev/ptmx" \
		"mkdir -p $ROOTFS/dev/pts; ln -s $CANARY/file $ROOTFS/dev/pts/0; ln -s $CANARY/file $ROOTFS/dev/ptmx" \
		"ln -s $CANARY/dir $ROOTFS/dev/pts" "mkdir -p $ROOTFS/dev/pts; mknod $ROOTFS/dev/pts/ptmx c 5 2"; do
		rm -rf "${ROOTFS:?}/dev"
		mkdir "$ROOTFS/dev"
		eval "$what"
		attack_run_with_console
		refused
		canary_intact
	done
}

@test "R9 a read-only path that becomes a link to the canary all the time" {
	local n

	mkdir -p "$ROOTFS/data/a"
	ln -s "$CANARY/dir" "$ROOTFS/data/link"
	update_config '.linux.readonlyPaths = ["/data/a"] | .linux.maskedPaths = ["/data/a"] | .root.readonly = false'
	"$WORK/helper" swap "$ROOTFS/data/a" "$ROOTFS/data/link" 3>&- 4>&- &
	for ((n = 0; n < 20; n++)); do
		attack_run || break
	done
	kill %1
	((n == 20)) || fail "round $n: $output"
}

@test "R9 masked and read-only paths that are symlinks stay inside the root" {
	ln -s "$CANARY/dir" "$ROOTFS/masked"
	ln -s "../../../canary/file" "$ROOTFS/masked2"
	ln -s "$CANARY/dir" "$ROOTFS/readonly"
	update_config '.linux.maskedPaths += ["/masked", "/masked2"] | .linux.readonlyPaths += ["/readonly"]'
	attack_run
	refused_or_contained
	[[ $(cat "$CANARY/file") == secret ]]
}

@test "R10 destinations with .., double slashes and dots stay in the root" {
	local destination

	save_config
	for destination in /../../x //x /a/./b /a/../../../../../x /proc/../x; do
		fresh_config
		update_config '.root.readonly = false | .mounts += [{destination: $d, type: "tmpfs", source: "tmpfs"}]' --arg d "$destination"
		attack_run
		refused_or_contained
		[[ ! -e $T/x && ! -e $BUNDLE/x && ! -e /x ]]
	done
}

@test "R10 destinations that are too long, empty or / are refused" {
	local destination

	save_config
	for destination in "/$(printf '%5000s' '' | tr ' ' a)" "/$(printf '%256s' '' | tr ' ' a)" '' / /. //; do
		fresh_config
		update_config '.root.readonly = false | .mounts += [{destination: $d, type: "tmpfs", source: "tmpfs"}]' --arg d "$destination"
		attack_create
		refused
	done
}

@test "R11 a destination through a symlink to the canary is made inside the root, or refused" {
	local way

	update_config '.root.readonly = false | .mounts += [
		{destination: "/link/new/deep", type: "tmpfs", source: "tmpfs"},
		{destination: "/link/file", type: "bind", source: $f, options: ["bind"]}]' --arg f "$BUNDLE/config.json"
	while read -r way; do
		rm -f "$ROOTFS/link"
		ln -s "$way" "$ROOTFS/link"
		attack_create
		refused_or_contained
		canary_intact
	done < <(links_to "$CANARY/dir")
}

@test "R11 a destination that is a dangling symlink is made inside the root, or refused" {
	ln -s "$T/made-outside" "$ROOTFS/dangling"
	ln -s "../../made-outside" "$ROOTFS/dangling2"
	save_config
	for place in dangling dangling2; do
		fresh_config
		update_config '.root.readonly = false | .mounts += [{destination: ("/" + $p), type: "bind", source: $f, options: ["bind"]}]' \
			--arg f "$BUNDLE/config.json" --arg p "$place"
		attack_create
		refused_or_contained
		[[ ! -e $T/made-outside ]]
	done
}

@test "R13 mounts over parts of /proc are refused" {
	local destination

	save_config
	for destination in /proc/self/attr /proc/sys /proc/1 /proc/self/fd /proc/self /proc/thread-self /proc/net/dev /proc/sysrq-trigger; do
		fresh_config
		update_config '.mounts += [{destination: $d, type: "tmpfs", source: "tmpfs"}]' --arg d "$destination"
		attack_create
		refused "/proc"
	done
	fresh_config
	update_config '.mounts |= map(if .destination == "/proc" then .type = "tmpfs" | .source = "tmpfs" else . end)'
	attack_create
	refused "/proc"
}

@test "R13 a mount over /proc by another spelling is refused" {
	local destination

	save_config
	for destination in /proc/ /./proc/self/attr //proc//sys /tmp/../proc/sys; do
		fresh_config
		update_config '.mounts += [{destination: $d, type: "tmpfs", source: "tmpfs"}]' --arg d "$destination"
		attack_create
		refused || fail "$destination"
	done
	fresh_config
	ln -s proc/self/attr "$ROOTFS/attr"
	update_config '.mounts += [{destination: "/attr", type: "tmpfs", source: "tmpfs"}]'
	attack_create
	refused
}

@test "R14 what lxcfs binds below /proc is allowed" {
	echo "MemTotal: 1 kB" >"$T/meminfo"
	update_config '.mounts += [{destination: "/proc/meminfo", type: "bind", source: $f, options: ["bind"]}]' --arg f "$T/meminfo"
	set_args cat /proc/meminfo
	attack_run
	contained
	output_is "MemTotal: 1 kB"
}

@test "R15 a directory that looks like procfs cannot be bound over /proc" {
	mkdir -p "$T/fake/self/attr" "$T/fake/sys/kernel"
	touch "$T/fake/self/attr/exec"
	update_config '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: $f, options: ["bind"]} else . end)' --arg f "$T/fake"
	attack_create
	refused "/proc"
	[[ ! -s $T/fake/self/attr/exec ]]
}

@test "R16 mounts below a volume whose directory becomes a symlink to the canary all the time" {
	local n

	mkdir -p "$T/volume/dir/sub"
	touch "$T/volume/dir/file"
	chmod 777 "$T/volume"
	ln -s "$CANARY/dir" "$T/volume/link"
	mkdir "$ROOTFS/vol"
	update_config '.root.readonly = false | .mounts += [
		{destination: "/vol", type: "bind", source: $v, options: ["rbind", "rw"]},
		{destination: "/vol/dir/sub", type: "tmpfs", source: "tmpfs"},
		{destination: "/vol/dir/made/by/us", type: "tmpfs", source: "tmpfs"},
		{destination: "/vol/dir/file", type: "bind", source: $f, options: ["bind"]}]
		| .linux.maskedPaths += ["/vol/dir/file"] | .linux.readonlyPaths += ["/vol/dir/sub"]' \
		--arg v "$T/volume" --arg f "$BUNDLE/config.json"
	"$WORK/helper" swap "$T/volume/dir" "$T/volume/link" 3>&- 4>&- &
	for ((n = 0; n < 60; n++)); do
		attack_run || break
	done
	kill %1
	((n == 60)) || fail "round $n: $output"
	canary_intact
}

@test "R17 a bind source that is swapped for a link to the canary is one of the two, wholly" {
	local n

	mkdir "$T/source" "$T/other"
	echo one >"$T/source/file"
	ln -s "$CANARY" "$T/other/canary"
	update_config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["rbind", "ro"]}]' --arg s "$T/source"
	set_script 'echo x >/mnt/x 2>/dev/null; cat /mnt/file 2>/dev/null; true'
	"$WORK/helper" swap "$T/source" "$T/other" 3>&- 4>&- &
	for ((n = 0; n < 20; n++)); do
		attack_run || break
		((status == 0)) || break
	done
	kill %1
	((n == 20)) || fail "round $n: $output"
	[[ ! -e $T/source/x && ! -e $T/other/x ]]
}

@test "R18 a cwd of /proc/self/fd/N is refused for every N" {
	local n

	save_config
	for n in $(seq 3 40) 100; do
		fresh_config
		update_config '.process.cwd = $d | .process.args = ["helper", "cwd"]' --arg d "/proc/self/fd/$n"
		attack_run
		((status != 0)) || fail "fd $n: $output"
		output_lacks unreachable
	done
}

@test "R18 a cwd that is a symlink to a descriptor, a file, relative or empty is refused" {
	local cwd

	for cwd in 3 5 7 9; do
		ln -s "/proc/self/fd/$cwd" "$ROOTFS/fd$cwd"
	done
	save_config
	for cwd in /fd3 /fd5 /fd7 /fd9 /etc/passwd relative ./x '' ..; do
		fresh_config
		update_config '.process.cwd = $d | .process.args = ["helper", "cwd"]' --arg d "$cwd"
		attack_run
		refused
		output_lacks unreachable
	done
}

@test "R18 a cwd without permission for the user gives no more than a working directory" {
	mkdir -m 0 "$ROOTFS/closed"
	echo secret >"$ROOTFS/closed/file"
	update_config '.process.cwd = "/closed" | .process.user = {uid: 1000, gid: 1000}'
	set_script 'cat file /closed/file 2>/dev/null; true'
	attack_run
	refused_or_contained
	output_lacks secret
}

# In these the binary is on a file system that can be written, so that only the runtime protects it.
writable_mayfly() {
	cp "$MAYFLY" "$T/mayfly.copy"
	MAYFLY=$T/mayfly.copy
	before=$(sha256sum "$MAYFLY"; stat -c '%i %Y %s' "$MAYFLY")
}

mayfly_is_whole() {
	[[ $(sha256sum "$MAYFLY"; stat -c '%i %Y %s' "$MAYFLY") == "$before" ]] || fail "the runtime's binary was changed"
}

@test "R19 a program of /proc/self/exe, by name, link or interpreter, does not reach the runtime" {
	local args

	writable_mayfly
	update_config '.root.readonly = false'
	ln -s /proc/self/exe "$ROOTFS/bin/me"
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/script"
	chmod 755 "$ROOTFS/bin/script"
	for args in /proc/self/exe /bin/me /bin/script /proc/1/exe /proc/self/fd/3 /proc/self/fd/5 /proc/self/fd/9; do
		set_args "$args" --version
		attack_run
		mayfly_is_whole
	done
}

@test "R19 root in the container never gets the runtime open for writing while it enters" {
	local n

	writable_mayfly
	update_config '.process.capabilities = {bounding: ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"], effective: ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"],
		permitted: ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]}'
	set_args helper overwrite 3
	create test
	mayfly start test
	for ((n = 0; n < 100; n++)); do
		mayfly exec test true >/dev/null 2>&1 </dev/null || true
	done
	wait_for grep -q writable "$T/stdout"
	! grep -qx 'held=0' "$T/stdout" || fail "it saw no process at all"
	grep -qx 'writable=0' "$T/stdout" || fail "$(<"$T/stdout")"
	mayfly_is_whole
}

@test "R21 passwd that is a FIFO, a device, endless or broken does not hold anybody up" {
	local make

	update_config '.process.env = ["PATH=/bin"] | .process.user = {uid: 1000, gid: 1000}'
	set_script 'echo "home=$HOME"'
	for make in "mkfifo F" "ln -s /dev/zero F" "ln -s /proc/kmsg F" "ln -s $CANARY/file F" "mkdir F" \
		"head -c 300000000 /dev/zero | tr '\\0' a >F" "printf 'x\\0y:x:1000:1000::/nul:/bin/sh\\n' >F" \
		"echo 'user:x:4294968296:1000::/overflow:/bin/sh' >F" "yes 'a:x:1:1::/a:/bin/sh' | head -n 1000000 >F" "ln -s passwd F"; do
		rm -rf "$ROOTFS/etc/passwd"
		eval "${make//F/$ROOTFS/etc/passwd}"
		attack_run
		((milliseconds < 1500)) || fail "$make: $milliseconds ms"
		contained
		output_is "home=/"
		rm -rf "$ROOTFS/etc/passwd"
	done
}

@test "R22 group that is a FIFO does not hold anybody up" {
	rm "$ROOTFS/etc/group"
	mkfifo "$ROOTFS/etc/group"
	update_config '.process.env = ["PATH=/bin"] | .process.user = {uid: 1000, gid: 1000}'
	attack_run
	contained
	((milliseconds < 1500))
}

@test "R23 the program sees exactly config's environment, never the caller's" {
	update_config '.process.env = ["PATH=/bin", "HOME=/h", "LD_PRELOAD=/evil.so", "LD_AUDIT=/evil.so", "MALLOC_CHECK_=3"]'
	set_args env
	LD_BIND_NOW=1 GCONV_PATH=/evil GLIBC_TUNABLES=glibc.malloc.check=3 MALLOC_PERTURB_=7 CALLERS_SECRET=1 attack_run
	contained
	[[ $(sort <<<"$output" | tr '\n' ' ') == "HOME=/h LD_AUDIT=/evil.so LD_PRELOAD=/evil.so MALLOC_CHECK_=3 PATH=/bin " ]] || fail "$output"
}

@test "R23 hooks do not see the container's environment unless they are given it" {
	printf '#!/bin/sh\nenv >%s\n' "$T/hook.env" >"$T/hook"
	chmod 755 "$T/hook"
	update_config '.process.env = ["PATH=/bin", "LD_PRELOAD=/evil.so"] | .hooks = {createRuntime: [{path: $h, env: ["A=b"]}]}' --arg h "$T/hook"
	attack_run
	contained
	run ! grep -q LD_PRELOAD "$T/hook.env"
	grep -qx A=b "$T/hook.env"
}

@test "R24 a setuid program gives nothing with no_new_privs" {
	chmod 4755 "$ROOTFS/bin/helper"
	update_config '.process.user = {uid: 1000, gid: 1000}'
	set_args helper ids
	attack_run
	contained
	output_has "uid=1000,1000,1000"
}

@test "R25 a setuid program gives no capability outside an empty bounding set" {
	chmod 4755 "$ROOTFS/bin/helper"
	update_config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
	set_args helper caps
	attack_run
	contained
	output_has "inh=0 prm=0 eff=0 bnd=0 amb=0"
}

@test "R26 a mount point that is missing on a read-only root file system is refused with its path" {
	mkdir "$T/ro"
	mount --bind "$ROOTFS" "$T/ro"
	mount -o remount,bind,ro "$T/ro"
	update_config '.root.path = $r | .mounts += [{destination: "/missing/here", type: "tmpfs", source: "tmpfs"}]' --arg r "$T/ro"
	attack_create
	umount "$T/ro"
	refused "/missing" "read-only file system"
}

@test "R29 a mount made in the container does not come out of a private volume" {
	mkdir "$T/volume" "$T/volume/in"
	mount --bind "$T/volume" "$T/volume"
	mount --make-shared "$T/volume"
	update_config '.mounts += [{destination: "/mnt", type: "bind", source: $v, options: ["rbind", "rprivate"]}]
		| .process.capabilities = {bounding: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"]}' --arg v "$T/volume"
	set_script 'mount -t tmpfs t /mnt/in && touch /mnt/in/x && echo mounted'
	attack_run
	local inside=$output

	[[ ! -e $T/volume/in/x ]] || { umount "$T/volume/in"; umount "$T/volume"; fail "the mount came out"; }
	umount "$T/volume"
	contained
	[[ $inside == mounted ]]
}

@test "R30 files owned outside an idmapped volume's map cannot be written" {
	mkdir "$T/volume"
	echo mine >"$T/volume/mapped"
	echo other >"$T/volume/unmapped"
	chmod 600 "$T/volume"/*
	chown 0:0 "$T/volume/mapped"
	chown 5000:5000 "$T/volume/unmapped"
	update_config '.mounts += [{destination: "/mnt", type: "bind", source: $v, options: ["rbind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 7000, size: 1}], gidMappings: [{containerID: 0, hostID: 7000, size: 1}]}]' --arg v "$T/volume"
	set_script 'stat -c "%u %g" /mnt/mapped /mnt/unmapped; echo x >>/mnt/unmapped; true'
	attack_run
	contained
	[[ ${output%%$'\n'*} == "7000 7000" ]] || fail "$output"
	output_has "65534 65534"
	[[ $(<"$T/volume/unmapped") == other ]]
}

@test "K12 no descriptor of the caller's reaches the program but 0, 1 and 2" {
	set_args helper fds
	exec 9</ 55<"$CANARY/dir" 77>"$T/leak"
	attack_run
	exec 9<&- 55<&- 77>&-
	contained
	output_is ""
}

@test "K15 sysctls outside the container's namespaces are refused and the host keeps its value" {
	local before name

	before=$(cat /proc/sys/kernel/core_pattern)
	save_config
	for name in kernel.core_pattern net/../kernel/core_pattern net...kernel.core_pattern kernel/core_pattern vm.swappiness \
		fs.file-max kernel.hostname ../kernel/core_pattern net/ipv4/../../kernel/core_pattern '' . /; do
		fresh_config
		update_config '.linux.sysctl = {($n): "1"}' --arg n "$name"
		attack_create
		refused sysctl
	done
	fresh_config
	update_config '.linux.namespaces |= map(select(.type != "ipc")) | .linux.sysctl = {"kernel.shmmax": "1"}'
	attack_create
	refused sysctl
	fresh_config
	update_config '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": $v}' --arg v "$(cat /proc/sys/net/ipv4/ip_forward)"
	attack_create
	refused sysctl
	[[ $(cat /proc/sys/kernel/core_pattern) == "$before" ]]
}
