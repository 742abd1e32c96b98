#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET, LISTEN_FDS and descriptors that are handed on: what a service manager gives to mayfly.

load helpers

prepare() {
	mkdir "$ROOTFS/run" 2>/dev/null || true
	# The manager: each datagram is a line of its own, newlines in it are "|".
	python3 - "$T/host.sock" "$T/heard" <<-'PYTHON' 3>&- 4>&- &
	import array, os, socket, sys
	host = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	host.bind(sys.argv[1])
	while True:
	    data, fds, _, _ = socket.recv_fds(host, 4096, 4)
	    for fd in fds:
	        os.close(fd)
	    with open(sys.argv[2], "a") as heard:
	        heard.write(data.decode().replace("\n", "|") + (" with %d" % len(fds) if fds else "") + "\n")
	PYTHON
	MANAGER=$!
	wait_for test -S "$T/host.sock"
	touch "$T/heard"
	# The program must be able to make the mount point.
	update_config '.root.readonly = false'
}
clean_up() {
	kill "$MANAGER"
	wait "$MANAGER" 2>/dev/null || true
}
under_manager() { NOTIFY_SOCKET=$T/host.sock "$@"; }
heard() { [[ $(<"$T/heard") == "$1" ]]; }

@test "notify: start waits for READY=1, and tells the manager with the container's pid" {
	set_script 'echo "$NOTIFY_SOCKET"; sleep 0.5; helper notify "STATUS=nearly"; helper notify "READY=1
STATUS=there"; exec sleep 1000'
	under_manager create test
	run -0 under_manager quietly mayfly start test
	wait_for heard "MAINPID=$(pid_of test)|READY=1"$'\n'"BARRIER=1 with 1" || fail "$(<"$T/heard")"
	run -0 mayfly exec test sh -c 'cat /proc/1/environ | tr "\0" "\n"; grep /run/notify /proc/mounts'
	output_has NOTIFY_SOCKET=/run/notify/notify.sock
	output_matches '/run/notify .*ro,nosuid,nodev,noexec'
}

@test "notify: a program that ends without a word ends the waiting" {
	set_script 'sleep 0.3; exit 4'
	under_manager create test
	run -0 under_manager quietly mayfly start test
	status_is test stopped
	heard ""
}

@test "notify: run in the foreground passes READY=1 on, and goes on" {
	set_script 'helper notify READY=1; helper notify READY=1; exit 3'
	run -3 under_manager mayfly run --bundle "$BUNDLE" test
	wait_for heard READY=1 || fail "$(<"$T/heard")"
	nothing_of test
}

@test "notify: a detached run waits" {
	set_script 'sleep 0.3; helper notify READY=1; exec sleep 1000'
	run -0 under_manager run_detached test
	wait_for heard "MAINPID=$(pid_of test)|READY=1"$'\n'"BARRIER=1 with 1" || fail "$(<"$T/heard")"
}

@test "notify: a user of the container may say it, also in a user namespace" {
	update_config '.process.user = {uid: 1000, gid: 1000} | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown 100000:100000 "$ROOTFS" "$ROOTFS/run"
	set_script 'helper notify READY=1'
	run -0 under_manager mayfly run --bundle "$BUNDLE" test
	output_is ok
	wait_for heard READY=1
}

@test "notify: a socket of the config's own is left alone" {
	update_config '.process.env += ["NOTIFY_SOCKET=/else"]'
	set_script 'echo "$NOTIFY_SOCKET"; [ ! -e /run/notify ] && echo none'
	run -0 under_manager mayfly run --bundle "$BUNDLE" test
	output_is $'/else\nnone'
}

@test "notify: without NOTIFY_SOCKET there is none" {
	set_script 'echo "${NOTIFY_SOCKET-none}"; [ ! -e /run/notify ] && echo none'
	run -0 mayfly run --bundle "$BUNDLE" test
	output_is $'none\nnone'
}

@test "notify: an abstract socket is named in the host's network namespace alone" {
	set_script 'echo "${NOTIFY_SOCKET-none}"'
	NOTIFY_SOCKET=@abstract run -0 mayfly run --bundle "$BUNDLE" test
	output_is none
	update_config '.linux.namespaces |= map(select(.type != "network"))'
	NOTIFY_SOCKET=@abstract run -0 mayfly run --bundle "$BUNDLE" test
	output_is @abstract
}

@test "notify: a created container is deleted with its directory" {
	set_args sleep 1000
	under_manager create test
	[[ -d $ROOT/test/notify ]]
	run -0 mayfly delete --force test
	nothing_of test
}

# CAP_SYS_ADMIN makes the read-only mount writable, and what stands behind it is in the state directory.
@test "notify: whatever the container puts beside the socket, it is deleted" {
	mkdir "$T/canary"
	echo secret >"$T/canary/file"
	update_config '.process.capabilities = ({} | .bounding = $caps | .effective = $caps | .permitted = $caps)' \
		--argjson caps '["CAP_SYS_ADMIN", "CAP_LINUX_IMMUTABLE", "CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_FOWNER"]'
	set_script 'mount -o remount,rw,bind /run/notify && cd /run/notify && mkdir -p notify.sock/in/it more && mkfifo fifo &&
		ln -s "$0" notify.sock/link && ln -s "$0" link && mknod more/null c 1 3 &&
		touch more/kept && chmod 0 notify.sock/in && helper immutable more/kept more && echo ready &&
		cd notify.sock/in && i=0 && while [ $i -lt 200 ]; do mkdir ddd && cd ddd && i=$((i + 1)) || exit; done
		helper immutable /run/notify; echo deep; exec sleep 1000'
	update_config '.process.args += [$dir]' --arg dir "$T/canary"
	under_manager create test
	run -0 mayfly start test
	wait_for grep -q deep "$T/stdout" || fail "$(<"$T/stdout")" "$(<"$T/stderr")"
	[[ $(grep -c ok "$T/stdout") == 3 ]] || fail "nothing became immutable" "$(<"$T/stdout")"
	[[ -d $ROOT/test/notify/notify.sock/in/ddd/ddd ]] || fail "nothing came here"
	run -0 mayfly delete --force test
	nothing_of test
	[[ $(<"$T/canary/file") == secret ]]
}

@test "notify: start without the manager's socket does not wait" {
	set_args sleep 1000
	under_manager create test
	run -0 mayfly start test
	status_is test running
	mayfly delete --force test
	under_manager create test
	NOTIFY_SOCKET='' run -0 mayfly start test
}

@test "descriptors: LISTEN_FDS says more than are open: those that are, are passed" {
	set_script 'echo "$LISTEN_FDS $LISTEN_PID"; helper fds'
	run -0 bash -c 'exec 3</dev/null 4>&- 5>&- 6>&-; LISTEN_FDS=3 LISTEN_PID=$$ exec "$@"' - \
		"$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" run --bundle "$BUNDLE" test
	output_matches $'^1 1\n3 '
	[[ $(wc -l <<<"$output") == 2 ]]
}

@test "descriptors: Podman counts the sockets of LISTEN_FDS in --preserve-fds again" {
	set_script 'echo "$LISTEN_FDS $LISTEN_PID"; helper fds'
	run -0 bash -c 'exec 3</dev/null 4</dev/null 5>&- 6>&-; LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"' - \
		"$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" run --preserve-fds 2 --bundle "$BUNDLE" test
	[[ $(head -n 1 <<<"$output") == "2 1" && $(wc -l <<<"$output") == 3 ]]
}

@test "descriptors: --preserve-fds of what is not open is an error" {
	run -1 bash -c 'exec 3>&- 4>&- 5>&-; exec "$@"' - \
		"$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" run --preserve-fds 1 --bundle "$BUNDLE" test
	error_is_one_line "unable to stat preserved-fd 3"
}

@test "descriptors: --pidfd-socket is sent a pidfd of the container's process" {
	set_args sleep 1000
	python3 - "$T/pidfd.sock" <<-'PYTHON' >"$T/got" 3>&- 4>&- &
	import re, socket, sys
	server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	server.bind(sys.argv[1])
	server.listen()
	peer, _ = server.accept()
	data, fds, _, _ = socket.recv_fds(peer, 100, 1)
	print(data.decode(), re.search(r"^Pid:\s*(\d+)", open("/proc/self/fdinfo/%d" % fds[0]).read(), re.M)[1])
	PYTHON
	local server=$!
	wait_for test -S "$T/pidfd.sock"
	create --pidfd-socket "$T/pidfd.sock" test
	wait "$server"
	[[ $(<"$T/got") == "pidfd $(pid_of test)" ]] || fail "$(<"$T/got")"
}
