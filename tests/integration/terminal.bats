#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Terminals: run and exec in the foreground with a pty of the caller's, and the console socket.

load helpers

prepare() { update_config '.process.terminal = true'; }

# on_a_terminal INPUT COMMAND...: runs it with a pty of 33 by 44 as its terminal, types INPUT, prints what it shows.
on_a_terminal() {
	timeout 20 python3 - "$@" <<-'PYTHON' 3>&- 4>&-
	import fcntl, os, pty, select, struct, sys, termios, time
	text, command = sys.argv[1].encode().decode("unicode_escape").encode(), sys.argv[2:]
	pid, master = pty.fork()
	if pid == 0:
	    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 44, 0, 0))
	    os.execvp(command[0], command)
	seen, typed, end = b"", False, time.monotonic() + 10
	while time.monotonic() < end:
	    ready, _, _ = select.select([master], [], [], 0.3)
	    if ready:
	        try:
	            data = os.read(master, 65536)
	        except OSError:
	            break
	        if not data:
	            break
	        seen += data
	    elif not typed and text:
	        os.write(master, text)
	        typed = True
	_, status = os.waitpid(pid, 0)
	sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
	sys.exit(os.waitstatus_to_exitcode(status) % 256)
	PYTHON
}

# console_socket [DELAY]: listens on $T/console, waits DELAY seconds, then takes one terminal and prints what comes.
console_socket() {
	timeout 30 python3 - "$T/console" "${1:-0}" <<-'PYTHON' >"$T/console.out" 2>&1 3>&- 4>&- &
	import array, os, socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen(1)
	time.sleep(float(sys.argv[2]))
	c, _ = s.accept()
	data, ancillary, _, _ = c.recvmsg(4096, 4096)
	fds = array.array("i")
	for _, _, payload in ancillary:
	    fds.frombytes(payload[:len(payload) // 4 * 4])
	print("fds", len(fds), "name", len(data) > 0, "tty", os.isatty(fds[0]), flush=True)
	try:
	    while True:
	        got = os.read(fds[0], 4096)
	        if not got:
	            break
	        sys.stdout.write(got.decode().replace("\r\n", "\n"))
	        sys.stdout.flush()
	except OSError:
	    pass
	PYTHON
	wait_for test -S "$T/console"
}

@test "terminal: run shows the program a terminal of its own" {
	set_script 'test -t 0 && test -t 1 && test -t 2 && tty; readlink /proc/self/fd/0'
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_has /dev/pts/0
}

@test "terminal: what is typed reaches the program" {
	set_script 'read x; echo "got <$x>"'
	run -0 on_a_terminal 'hello\n' "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_has 'got <hello>'
}

@test "terminal: run ends with the program's status and gives the terminal back" {
	set_script 'exit 5'
	run -5 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	set_script true
	run -0 on_a_terminal "" sh -c "stty -a >$T/before; $MAYFLY --root $ROOT run --bundle $BUNDLE test; stty -a >$T/after"
	diff "$T/before" "$T/after"
}

@test "terminal: Ctrl-C interrupts the program, not mayfly" {
	set_script 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.1; done'
	run -9 on_a_terminal '\x03' "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_has interrupted
}

@test "terminal: the size is the caller's, or that of consoleSize" {
	set_script 'stty size'
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_has "33 44"
	update_config '.process.consoleSize = {height: 11, width: 22}'
	console_socket
	set_script 'stty size; sleep 1000'
	create --console-socket "$T/console" test
	mayfly start test
	wait_for grep -q '11 22' "$T/console.out"
}

@test "terminal: a long output arrives whole" {
	set_script 'seq 1 20000'
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	[[ $(grep -c '^[0-9]*$' <<<"$output") == 20000 ]]
}

@test "terminal: the console socket gets one descriptor, a terminal" {
	console_socket
	set_script 'echo from inside; tty'
	run -0 create --console-socket "$T/console" test
	wait_for grep -q "fds 1 name True tty True" "$T/console.out"
	mayfly start test
	wait_for grep -q "from inside" "$T/console.out"
}

@test "terminal: create does not wait for the socket's other end to accept" {
	local began=$SECONDS

	console_socket 5
	set_args sleep 1000
	run -0 create --console-socket "$T/console" test
	((SECONDS - began < 4)) || fail "it took $((SECONDS - began)) s"
	wait_for grep -q "tty True" "$T/console.out" || wait_for grep -q "tty True" "$T/console.out"
}

@test "terminal: a console socket's path may be longer than a socket address" {
	local deep

	deep=$T/$(printf 'd%.0s' {1..150})
	mkdir "$deep"
	set_args sleep 1000
	(cd "$deep" && exec timeout 30 python3 -c "
import socket
s = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen(1)
c, _ = s.accept(); print(len(c.recvmsg(4096, 4096)[1]), flush=True)" >"$T/deep.out" 3>&- 4>&-) &
	wait_for test -S "$deep/s"
	run -0 create --console-socket "$deep/s" test
	wait_for grep -q 1 "$T/deep.out"
}

@test "terminal: in terminal mode nobody keeps the caller's own output open" {
	console_socket
	set_args sleep 1000
	timeout 10 python3 - "$MAYFLY" --root "$ROOT" create --bundle "$BUNDLE" --console-socket "$T/console" test <<-'PYTHON'
	import subprocess, sys, time
	p = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert p.wait() == 0, p.stdout.read()
	began = time.monotonic()
	p.stdout.read()
	assert time.monotonic() - began < 1, "somebody holds the pipe"
	PYTHON
}

@test "terminal: create without a console socket is refused" {
	run -1 create test
	error_is_one_line "will detach without setting console socket"
	nothing_of test
}

@test "terminal: run and exec in the foreground without a terminal of their own are refused at once" {
	run -1 setsid -w "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test </dev/null
	error_is_one_line process.terminal --console-socket "open /dev/tty"
	nothing_of test
	update_config '.process.terminal = false'
	a_running test
	run -255 setsid -w "$MAYFLY" --root "$ROOT" exec --tty test true </dev/null
	error_is_one_line --tty "open /dev/tty"
}

@test "terminal: a terminal on any of the standard descriptors will do, or the session's" {
	set_script 'test -t 0 && echo on a terminal'
	# shellcheck disable=SC2016
	for redirected in '</dev/null' '</dev/null 2>/dev/null' '</dev/null 2>/dev/null >"$out"'; do
		out=$T/out run -0 on_a_terminal "" sh -c "\"\$@\" $redirected" - "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
		[[ $output$(cat "$T/out" 2>/dev/null) == *"on a terminal"* ]] || fail "$redirected: $output"
	done
}

@test "terminal: a console socket without a terminal is refused" {
	update_config '.process.terminal = false'
	console_socket
	run -1 create --console-socket "$T/console" test
	error_is_one_line "cannot use console socket"
	kill %1
	nothing_of test
}

@test "terminal: /dev/console is the terminal" {
	console_socket
	set_script 'echo by-console >/dev/console; stat -c %F /dev/console; sleep 1000'
	create --console-socket "$T/console" test
	mayfly start test
	wait_for grep -q by-console "$T/console.out"
	wait_for grep -q "character special" "$T/console.out"
}

@test "terminal: it belongs to the user, group 5" {
	update_config '.process.user = {uid: 1000, gid: 1000}'
	set_script 'stat -c "%u %g" "$(tty)"'
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_has "1000 5"
}

@test "terminal: exec --tty relays a terminal" {
	update_config '.process.terminal = false'
	a_running test
	run -0 on_a_terminal 'hi\n' "$MAYFLY" --root "$ROOT" exec --tty test sh -c 'tty; read x; echo "got <$x>"; stty size'
	output_has /dev/pts/
	output_has 'got <hi>'
	output_has "33 44"
}

@test "terminal: exec of a process with a terminal through the console socket, detached" {
	update_config '.process.terminal = false'
	a_running test
	console_socket
	jq '.process | .terminal = true | .args = ["sh", "-c", "echo in exec; tty"]' "$BUNDLE/config.json" >"$T/process.json"
	run -0 quietly mayfly exec --process "$T/process.json" --detach --console-socket "$T/console" --pid-file "$T/pid" test
	wait_for grep -q "in exec" "$T/console.out"
	grep -q "tty True" "$T/console.out"
}

@test "terminal: exec with a terminal in process.json, in the foreground, without a socket" {
	update_config '.process.terminal = false'
	a_running test
	jq '.process | .terminal = true | .args = ["tty"]' "$BUNDLE/config.json" >"$T/process.json"
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" exec --process "$T/process.json" test
	output_has /dev/pts/
}

@test "terminal: exec's has its size before the program runs" {
	update_config '.process.terminal = false'
	a_running test
	for _ in 1 2 3 4 5; do
		run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" exec --tty test stty size
		output_is "33 44"
	done
}

@test "terminal: a warning is no part of what exec's program shows" {
	update_config '.process.terminal = false'
	a_running test
	jq '.process | .terminal = true | .args = ["echo", "mine"] | .capabilities.ambient = ["CAP_KILL"]' \
		"$BUNDLE/config.json" >"$T/process.json"
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" exec --process "$T/process.json" test
	output_is mine
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" --log "$T/log" --log-level warning exec --process "$T/process.json" test
	grep -q ambient "$T/log"
}

@test "terminal: the container cannot push input into the caller's terminal" {
	update_config '.process.terminal = false'
	set_args helper sti
	run -0 on_a_terminal "" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" test
	output_matches 'EPERM|EIO|ENOTTY'
}
