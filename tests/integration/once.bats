#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mayfly once: one program, and why it ended.
# shellcheck disable=SC2016,SC2034,SC2154

load helpers

prepare() {
	DEADLINE=60
	ROOTFS=$WORK/template/rootfs
	RESULT=$T/result.json
}

# once OPTIONS... -- PROGRAM: with its result in $RESULT.
once() { mayfly once --rootfs "$ROOTFS" --result "$RESULT" "$@"; }
of() { jq -r "$1" "$RESULT"; }

# verdict_is VERDICT: and one document that says so.
verdict_is() {
	[[ $(jq -s length "$RESULT") == 1 ]] || fail "not one result: $(cat "$RESULT")" || return 1
	[[ $(of .verdict) == "$1" ]] || fail "expected the verdict $1" "got: $(cat "$RESULT")"
}

no_once() { [[ -z $(find "$ROOT" -maxdepth 1 -name "once-*") ]]; }

# --- the program's own end -----------------------------------------------------------------------------------------------------

@test "a program that ends with 0 is ok, and its output is passed through" {
	run -0 once -- echo hello
	output_is hello
	verdict_is ok
	[[ $(of .exit_code) == 0 && $(of .signal) == null && $(of .teardown) == clean ]]
	no_once
}

@test "its exit status is kept" {
	run -42 once -- sh -c 'exit 42'
	verdict_is exit
	[[ $(of .exit_code) == 42 ]]
}

@test "status 137 is a status" {
	run -137 once -- sh -c 'exit 137'
	verdict_is exit
}

@test "a program that kills itself died of that signal" {
	for signal in 6 9 11 15 31; do
		run "-$((128 + signal))" once -- sh -c "kill -$signal \$\$"
		verdict_is signal
		[[ $(of .signal) == "$signal" && $(of .exit_code) == null ]]
	done
}

@test "without a result a verdict is one line on standard error" {
	run -137 mayfly once --rootfs "$ROOTFS" -- sh -c 'kill -9 $$'
	output_is 'mayfly once: signal: the program was ended by signal 9 (SIGKILL)'
}

@test "what is not there is 127, what cannot be executed 126" {
	run -127 once -- nosuch
	verdict_is start-failed
	[[ $(of .stage) == exec && $(of .errno) == 2 ]]
	error_is_one_line 'executable file not found'
	run -126 once -- /etc/passwd
	verdict_is start-failed
	[[ $(of .errno) == 13 ]]
	echo nonsense >"$T/script"
	run -126 once --file /tmp/script="$T/script" -- /tmp/script
	verdict_is start-failed
}

@test "standard input is the caller's, or a file" {
	run -0 once -- cat <<<"from the caller"
	output_is 'from the caller'
	echo 'from a file' >"$T/input"
	run -0 once --stdin "$T/input" -- cat
	output_is 'from a file'
}

@test "nothing of the caller's environment is inherited" {
	SECRET=1 run -0 once --env A=1 --env B= -- env
	output_lacks SECRET
	output_has A=1
	output_has B=
}

# --- time ------------------------------------------------------------------------------------------------------------------------

@test "the deadline ends everything" {
	run -124 once --wall 300ms -- sh -c 'sleep 100 & sleep 100'
	verdict_is timeout
	[[ $(of .signal) == 9 && $(of .cause.what) == wall && $(of .cause.by) == engine ]]
	(($(of .cause.at_ns) >= 300000000 && $(of .time.wall_ns) < 5000000000))
	[[ $(of '.cause.sent | map(.sig) | join(" ")') == 9 ]]
}

@test "a program that is asked may end with 0, and is late all the same" {
	run -124 once --wall 300ms --grace 5s -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	verdict_is timeout
	[[ $(of .exit_code) == 0 && $(of '.cause.sent | map(.sig) | join(" ")') == 15 ]]
}

@test "a program that does not listen is killed after its grace" {
	run -124 once --wall 200ms --grace 300ms -- sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	verdict_is timeout
	[[ $(of .signal) == 9 && $(of '.cause.sent | map(.sig) | join(" ")') == '15 9' ]]
	(($(of .time.wall_ns) >= 500000000))
}

@test "a program that stops itself is late" {
	run -124 once --wall 300ms -- sh -c 'kill -STOP $$'
	verdict_is timeout
}

@test "CPU time is that of all processes" {
	run -124 once --cpu 200ms --wall 20s -- sh -c 'while :; do :; done & while :; do :; done'
	verdict_is cpu-limit
	(($(of .time.cpu_ns) >= 200000000 && $(of .time.cpu_ns) < 400000000))
}

@test "an end in time is ok, however it is measured after" {
	run -0 once --wall 20s --cpu 20s -- true
	verdict_is ok
	[[ $(of .limits.wall_ns) == 20000000000 && $(of .applied.rt) != null ]]
}

# --- output ----------------------------------------------------------------------------------------------------------------------

@test "of a limit of N bytes, N are passed on, and N are no violation" {
	run -0 once --output 1000 -- sh -c 'head -c 1000 /dev/zero | tr "\0" x'
	((${#output} == 1000))
	verdict_is ok
	[[ $(of .stdout.truncated) == false && $(of .stdout.bytes) == 1000 && $(of .stdout.limit) == 1000 ]]
	run -0 once --output 1000 -- sh -c 'head -c 999 /dev/zero | tr "\0" x'
	((${#output} == 999))
}

@test "byte N+1 ends it, even when it was the last" {
	for end in 'exit 0' 'sleep 100'; do
		run -153 once --output 1000 -- sh -c "head -c 1001 /dev/zero | tr '\\0' x; $end"
		((${#output} == 1000))
		verdict_is output-limit
		[[ $(of .stdout.truncated) == true && $(of .stdout.bytes) == 1000 ]]
	done
}

@test "the limit is of both streams together, or of each" {
	run -153 --separate-stderr once --output 10 -- sh -c 'echo 12345; echo 67890 >&2; sleep 100'
	((${#output} + ${#stderr} + 1 == 10))
	verdict_is output-limit
	run -153 --separate-stderr once --stderr 2 -- sh -c 'echo 12345; echo 67890 >&2; sleep 100'
	[[ $output == 12345 && $stderr == 67 && $(of .stderr.limit) == 2 ]]
	[[ $(of .stdout) == null && $(of .stderr.bytes) == 2 ]]
	run -0 once --output 10 --stderr 20 --stdout 5 -- true
	[[ $(of .stderr.limit) == 10 && $(of .stdout.limit) == 5 ]]
}

@test "what is too much can be thrown away" {
	run -3 once --output 10 --on-output discard -- sh -c 'yes | head -c 1000000; exit 3'
	((${#output} == 9)) # without the last newline
	verdict_is exit
	[[ $(of '.hits | join(" ")') == output-discarded ]]
}

@test "or not be read" {
	run -124 once --output 10 --on-output block --wall 500ms -- sh -c 'yes'
	verdict_is timeout
	[[ $(of .stdout.bytes) == 10 ]]
}

@test "256 MiB of a flood are 268435456 bytes" {
	local bytes

	bytes=$({ mayfly once --rootfs "$ROOTFS" --output 256MiB --result "$RESULT" -- \
		sh -c 'dd if=/dev/zero bs=1M count=1024 2>/dev/null' || true; } | wc -c)
	[[ $bytes == 268435456 ]]
	verdict_is output-limit
}

@test "an append-only file, a closed pipe and a slow reader are readers, too" {
	run -0 sh -c "'$MAYFLY' --root '$ROOT' once --rootfs '$ROOTFS' --output 1MiB -- \
		sh -c 'head -c 100000 /dev/zero' >>'$T/log'"
	(($(stat -c %s "$T/log") == 100000))
	run sh -c "'$MAYFLY' --root '$ROOT' once --rootfs '$ROOTFS' --output 10MiB --wall 10s --result '$RESULT' -- yes | head -1"
	output_has y
	[[ $(of .verdict) != timeout ]]
	run -0 sh -c "'$MAYFLY' --root '$ROOT' once --rootfs '$ROOTFS' --output 1MiB -- \
		sh -c 'head -c 300000 /dev/zero' | (sleep 0.5; cat) | wc -c"
	output_is 300000
}

# once_unread OPTIONS... -- PROGRAM: in the background; its standard output is a pipe that nobody reads.
once_unread() {
	mkfifo "$T/unread"
	exec 8<>"$T/unread"
	"$MAYFLY" --root "$ROOT" once --rootfs "$ROOTFS" --result "$RESULT" "$@" </dev/null >&8 2>/dev/null 3>&- 4>&- &
	ONCE_PID=$!
}

once_ended() { ! kill -0 "$ONCE_PID" 2>/dev/null; }

@test "a reader that reads nothing does not prolong a deadline" {
	local status=0

	once_unread --wall 1s --output 100MiB -- yes
	wait_for once_ended || kill -KILL "$ONCE_PID"
	wait "$ONCE_PID" || status=$?
	((status == 124))
	verdict_is timeout
	[[ $(of '.stdout | .truncated and .undelivered > 0') == true ]]
	[[ $(of '.hits | join(" ")') == output-undelivered ]]
	# The pipe of the reader is full, and that is what was passed on.
	(($(of .stdout.bytes) == 65536))
	no_once
}

@test "a reader that comes back before the deadline gets everything" {
	run -0 sh -c "'$MAYFLY' --root '$ROOT' once --rootfs '$ROOTFS' --output 1MiB --wall 20s --result '$RESULT' -- \
		sh -c 'head -c 300000 /dev/zero' | (sleep 3; cat) | wc -c"
	output_is 300000
	verdict_is ok
	[[ $(of '.stdout | [.bytes, .undelivered, .truncated] | join(" ")') == '300000 0 false' ]]
}

@test "without a deadline it is waited for until a signal" {
	local status=0

	once_unread --output 100MiB -- sh -c 'head -c 300000 /dev/zero; exec sleep 0.1'
	wait_for no_process 'sleep 0.1'
	sleep 3
	kill "$ONCE_PID"
	wait_for once_ended || kill -KILL "$ONCE_PID"
	wait "$ONCE_PID" || status=$?
	((status == 0))
	verdict_is ok
	(($(of .stdout.undelivered) == 300000 - 65536))
	no_once
}

@test "a daemon that holds standard output is not waited for" {
	run -0 once --output 1MiB --wall 10s -- sh -c 'setsid sleep 100 & echo done'
	output_is 'done'
	verdict_is ok
	(($(of .time.wall_ns) < 5000000000))
}

# --- forbidden system calls -----------------------------------------------------------------------------------------------------

@test "a forbidden system call is named" {
	run -159 once -- unshare -U true
	verdict_is syscall
	[[ $(of .syscall.name) == unshare && $(of .syscall.args[0]) == 0x10000000 ]]
	[[ $(uname -m) != x86_64 || $(of '"\(.syscall.nr) \(.syscall.arch)"') == '272 x86_64' ]]
}

@test "of a child, too; and it can be only noted" {
	run -159 once --wall 10s -- sh -c 'unshare -U true & sleep 5'
	verdict_is syscall
	run -0 once --on-syscall record -- sh -c 'unshare -U true || echo refused'
	output_has refused
	verdict_is ok
	[[ $(of '.hits | join(" ")') == syscall-recorded && $(of .syscall.count) == 1 ]]
}

@test "a template may let forbidden calls fail instead" {
	run -0 once --template agent --best-effort -- sh -c 'unshare -U true 2>/dev/null || echo refused'
	output_has refused
	verdict_is ok
	[[ $(of .syscall) == null ]]
}

# --- isolation --------------------------------------------------------------------------------------------------------------------

@test "strict is what it says" {
	run -0 once -- sh -c 'grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; id -u; ls /sys /proc | wc -l
		touch /x 2>/dev/null || echo read-only'
	output_has $'CapBnd:\t0000000000000000'
	output_has $'NoNewPrivs:\t1'
	output_has $'Seccomp:\t2'
	output_has 65534
	output_has read-only
	[[ $(of .applied.net) == none && $(of .applied.userns) == true ]]
}

@test "two containers never have the same user of the host" {
	once -- sleep 1 &
	mayfly once --rootfs "$ROOTFS" --result "$T/other" -- sleep 1
	wait $!
	[[ $(of .applied.uid) != "$(jq .applied.uid "$T/other")" ]]
}

@test "the runtime's command line is not the container's to read" {
	SECRET=1 run -0 once --template dev -- sh -c 'tr "\0" " " </proc/1/cmdline; cat /proc/1/environ 2>&1; ls -l /proc/1/fd 2>&1 | grep -v total'
	output_lacks "$ROOTFS"
	output_lacks SECRET
	output_lacks socket
}

# --- files -------------------------------------------------------------------------------------------------------------------------

@test "files go in, and come out" {
	printf 'a\0b' >"$T/in"
	run -0 once --file /tmp/deep/er/in="$T/in" --collect /tmp/out="$T/out" -- \
		sh -c 'cat /tmp/deep/er/in /tmp/deep/er/in >/tmp/out'
	verdict_is ok
	cmp "$T/out" <(printf 'a\0ba\0b')
	[[ $(of '.files[0].bytes') == 6 && $(of '.files[0].error') == null ]]
}

@test "files go only where nothing of the host is" {
	echo x >"$T/in"
	for path in /etc/x /x ../x /tmp/../etc/x; do
		run -125 once --file "$path=$T/in" -- true
		error_is_one_line 'tmpfs'
	done
	[[ ! -e $ROOTFS/etc/x && ! -e $ROOTFS/x ]]
	run -125 once --file /tmp="$T/in" -- true
}

@test "what comes out is what the program could read" {
	run -0 once --collect /tmp/link="$T/a" --collect /tmp/fifo="$T/b" --collect /tmp/none="$T/c" \
		--collect /dev/zero="$T/d" -- \
		sh -c 'ln -s /../../../../etc/shadow /tmp/link; mkfifo /tmp/fifo'
	verdict_is ok
	[[ ! -e $T/a && ! -e $T/b && ! -e $T/c && ! -e $T/d ]]
	[[ $(of '[.files[] | select(.found)] | length') == 0 ]]
	[[ $(of '[.files[].error] | map(select(. == null)) | length') == 0 ]]
}

@test "a file of the kernel is not collected, whatever a link says" {
	set_args sh -c 'ln -s /proc/version /tmp/proc; ln -s /sys/kernel/notes /tmp/sys; ln -s /proc/self/environ /tmp/self; echo x >/tmp/own'
	update_config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]
		| .linux.namespaces |= map(select(.type != "pid"))'
	run -0 mayfly once --bundle "$BUNDLE" --result "$RESULT" --collect /tmp/proc="$T/a" --collect /tmp/sys="$T/b" \
		--collect /tmp/self="$T/c" --collect /tmp/own="$T/d"
	verdict_is ok
	[[ ! -e $T/a && ! -e $T/b && ! -e $T/c && $(<"$T/d") == x ]] || fail "$(cat "$RESULT")"
	[[ $(of '.files[0].error') == 'a file of proc, which is the kernel'"'"'s: not collected' ]] || fail "$(cat "$RESULT")"
	[[ $(of '.files[1].error') == 'a file of sysfs, which is the kernel'"'"'s: not collected' ]] || fail "$(cat "$RESULT")"
}

@test "a file is collected with the program's capabilities, not with ours" {
	mkdir "$T/shared"
	echo secret >"$T/shared/of-another"
	chown 4321:4321 "$T/shared/of-another"
	chmod 600 "$T/shared/of-another"
	set_args true
	update_config '.mounts += [{destination: "/mnt", type: "bind", source: $dir, options: ["bind"]}]' --arg dir "$T/shared"
	run -0 mayfly once --bundle "$BUNDLE" --result "$RESULT" --collect /mnt/of-another="$T/a"
	[[ ! -e $T/a && $(of '.files[0].error') == *'permission denied' ]] || fail "$(cat "$RESULT")"
	update_config '.process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE"])'
	run -0 mayfly once --bundle "$BUNDLE" --result "$RESULT" --collect /mnt/of-another="$T/a"
	[[ $(<"$T/a") == secret ]] || fail "$(cat "$RESULT")"
}

@test "a tmpfs of the host is no place for files, wherever it is mounted" {
	mkdir "$T/mounted"
	mount -t tmpfs tmpfs "$T/mounted"
	mkdir "$T/mounted/below"
	set_args true
	for source in "$T/mounted" "$T/mounted/below"; do
		update_config '.mounts |= map(select(.destination != "/mnt")) +
			[{destination: "/mnt", type: "bind", source: $dir, options: ["bind"]}]' --arg dir "$source"
		run -125 mayfly once --bundle "$BUNDLE" --result "$RESULT" --file /mnt/x=/etc/hostname
		[[ $output == *'tmpfs of the container'* && ! -e $source/x ]] || fail "$output"
	done
	umount "$T/mounted"
}

# --- requests as documents ------------------------------------------------------------------------------------------------------

@test "a request document has everything" {
	jq -n --arg r "$ROOTFS" '{schema: "mayfly.request/v1", request_id: "r1", rootfs: $r,
		args: ["sh", "-c", "cat; cat /tmp/f; echo $A >&2; echo out >/tmp/o"], env: {A: "1"},
		stdin: {text: "in\n"}, files: [{path: "/tmp/f", b64: "AAEC", mode: 256}],
		collect: [{path: "/tmp/o"}, {path: "/tmp/no", optional: true}], limits: {wall_ns: 10000000000}}' >"$T/request"
	run -0 mayfly once -f "$T/request"
	echo "$output" >"$RESULT"
	verdict_is ok
	[[ $(of .request_id) == r1 && $(of .stderr.text) == 1 && $(of .stdout.b64) == aW4KAAEC ]]
	[[ $(of '.files | map(.found) | join(" ")') == 'true false' && $(of '.files[0].text') == out ]]
	[[ $(of .limits.wall_ns) == 10000000000 ]]
}

@test "a batch runs side by side, and answers in order" {
	for i in 1 2 3 4; do
		jq -cn --arg r "$ROOTFS" --arg i "$i" '{request_id: $i, rootfs: $r,
			args: ["sh", "-c", "sleep 0.\(5 - ($i | tonumber)); echo \($i)"]}'
	done >"$T/batch"
	run -0 mayfly once -f - -j 4 <"$T/batch"
	[[ $(jq -r .request_id <<<"$output" | tr '\n' ' ') == '1 2 3 4 ' ]]
	[[ $(jq -r .stdout.text <<<"$output" | tr -d '\n') == 1234 ]]
}

@test "a batch that is cancelled gives the results of what ran, and begins no more" {
	local pid status=0

	for i in 1 2 3; do
		jq -cn --arg r "$ROOTFS" --arg i "$i" '{request_id: $i, rootfs: $r, args: ["sleep", "432\($i)"]}'
	done >"$T/batch"
	"$MAYFLY" --root "$ROOT" once -f "$T/batch" -j 2 </dev/null >"$T/results" 2>&1 3>&- 4>&- &
	pid=$!
	wait_for runs 'sleep 4321'
	wait_for runs 'sleep 4322'
	kill "$pid"
	wait "$pid" || status=$?
	((status == 130))
	[[ $(jq -r '"\(.request_id) \(.verdict) \(.cause.cancelled_by)"' "$T/results") == \
		$'1 cancelled SIGTERM\n2 cancelled SIGTERM' ]] || fail "$(cat "$T/results")"
	no_process 'sleep 432'
	no_once
	head -n 1 "$T/batch" >"$T/one"
	"$MAYFLY" --root "$ROOT" once -f "$T/one" </dev/null >"$RESULT" 2>&1 3>&- 4>&- &
	pid=$!
	wait_for runs 'sleep 4321'
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	((status == 130))
	verdict_is cancelled
	[[ $(of .cause.cancelled_by) == SIGINT ]]
}

@test "a request that is wrong is rejected alone" {
	{
		jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["true"]}'
		echo '{"request_id": "7", "limits": {"walls_ns": 1}}'
		echo 'nonsense'
		jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["false"]}'
	} >"$T/batch"
	run -0 mayfly once -f "$T/batch"
	[[ $(jq -r .verdict <<<"$output" | tr '\n' ' ') == 'ok rejected rejected exit ' ]]
	[[ $(jq -rs '.[1].request_id' <<<"$output") == 7 ]]
	[[ $(jq -rs '.[1].message' <<<"$output") == 'limits: unknown name "walls_ns"' ]]
}

# given_only COMMAND...: with the descriptors 0 to 2, 9 and 10, and no other.
given_only() {
	local fd

	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		((fd < 3 || fd == 9 || fd == 10)) || exec {fd}>&-
	done
	exec "$@"
}

@test "a request names the caller's descriptors, and none of mayfly's own" {
	echo nine >"$T/nine"
	echo ten >"$T/ten"
	jq -cn --arg r "$ROOTFS" '[range(3; 16)][] | {request_id: "\(.)", rootfs: $r, args: ["cat"], stdin: {fd: .}},
		{request_id: "file \(.)", rootfs: $r, args: ["cat", "/tmp/f"], files: [{path: "/tmp/f", fd: .}]}' >"$T/batch"
	run -0 given_only "$MAYFLY" --root "$ROOT" once -f "$T/batch" 9<"$T/nine" 10<"$T/ten"
	[[ $(jq -r 'select(.verdict == "ok") | .request_id' <<<"$output" | tr '\n' ' ') == '9 file 9 10 file 10 ' ]] ||
		fail "$(jq -c '[.request_id, .verdict, .message]' <<<"$output")"
	[[ $(jq -r 'select(.request_id == "9" or .request_id == "10").stdout.text' <<<"$output") == $'nine\n\nten' ]]
	[[ $(jq -r 'select(.request_id == "12").message' <<<"$output") == \
		'stdin.fd: 12 is not a descriptor that mayfly was started with' ]]
	[[ $(jq -r 'select(.request_id == "file 12").message' <<<"$output") == \
		'files[0].fd: 12 is not a descriptor that mayfly was started with' ]]
}

@test "descriptor 0 of a request is the caller's, and what cannot be read is no input" {
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["cat", "/tmp/f"], files: [{path: "/tmp/f", fd: 0}]}' >"$T/request"
	run -0 mayfly once -f "$T/request" <<<"zero"
	[[ $(jq -r .stdout.text <<<"$output") == zero ]] || fail "$output"
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["cat"], stdin: {fd: 9}}' >"$T/request"
	run -125 mayfly once -f "$T/request" 9>"$T/written"
	[[ $(jq -r .message <<<"$output") == 'stdin: the input cannot be read: it is open for writing only'* ]] || fail "$output"
}

@test "a job of a batch cannot reach the result of another" {
	# Both run at a time; the second looks which descriptors its own mayfly holds.
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["sleep", "4324"]}, {rootfs: $r, args: ["sleep", "4325"]}' >"$T/batch"
	"$MAYFLY" --root "$ROOT" once -f "$T/batch" -j 2 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	local pid=$! job held jobs
	wait_for runs 'sleep 4324'
	wait_for runs 'sleep 4325'
	read -ra jobs <"/proc/$pid/task/$pid/children" || true # no newline
	for job in "${jobs[@]}"; do
		held=$(find "/proc/$job/fd" -lname '/memfd:result*' | wc -l)
		((held == 1)) || fail "job $job holds $held results"
	done
	kill "$pid"
	wait "$pid" || true
}

@test "a job that is still preparing dies with mayfly" {
	mkfifo "$T/fifo"
	exec 8<>"$T/fifo"
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["sleep", "4326"], files: [{path: "/tmp/f", fd: 8}]}' >"$T/request"
	"$MAYFLY" --root "$ROOT" once -f "$T/request" </dev/null >/dev/null 2>&1 3>&- 4>&- &
	local pid=$! job
	wait_for has_container
	job=$(cat /proc/$pid/task/$pid/children)
	kill -KILL "$pid"
	wait "$pid" || true
	wait_for is_gone "$job" || { kill -KILL "$job" && fail "job $job lives on"; }
	exec 8>&-
	run -0 mayfly list
	no_once
	[[ -z $(list_cgroups) ]]
}

@test "a job that waits for a file it was given is cancelled" {
	mkfifo "$T/fifo"
	exec 8<>"$T/fifo"
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["sleep", "4326"], files: [{path: "/tmp/f", fd: 8}]}' >"$T/request"
	"$MAYFLY" --root "$ROOT" once -f "$T/request" </dev/null >"$RESULT" 2>/dev/null 3>&- 4>&- &
	local pid=$! status=0
	wait_for has_container
	sleep 0.5
	kill "$pid"
	wait_for is_gone "$pid" || { kill -KILL "$pid" && fail "it waits on"; }
	wait "$pid" || status=$?
	exec 8>&-
	verdict_is cancelled
	[[ $(of .cause.cancelled_by) == SIGTERM ]]
	((status == 130))
	no_once
	[[ -z $(list_cgroups) ]]
}

has_container() { ! no_once; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

@test "an input of bytes is read from its start, and nobody can make it longer" {
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, stdin: {text: "given\n"},
		args: ["sh", "-c", "echo more >>/proc/self/fd/0 && echo written; cat"]}' >"$T/request"
	run -0 mayfly once -f "$T/request"
	[[ $(jq -r .stdout.text <<<"$output") == given ]] || fail "$output"
}

@test "a document that is no JSON is named" {
	printf '{"ociVersion": "1.2.0",\n' >"$BUNDLE/config.json"
	run -125 mayfly once --bundle "$BUNDLE" -- true
	error_is_one_line "$BUNDLE/config.json:2:"
	printf '{"rootfs":\n' >"$T/request"
	run -125 mayfly once -f "$T/request"
	[[ $(jq -r .message <<<"$output") == "$T/request:2:"*": not JSON"* ]] || fail "$output"
	printf '{"rootfs": "/"}\n{"rootfs": \n' >"$T/request"
	run -0 mayfly once -f "$T/request"
	[[ $(jq -sr '.[1].message' <<<"$output") == "$T/request: request 2:1:"*": not JSON"* ]] || fail "$output"
	run -125 mayfly once -f - <<<'{"rootfs": '
	[[ $(jq -r .message <<<"$output") == 'standard input:2:'*': not JSON'* ]] || fail "$output"
	run -125 once --template "$T/request" -- true
	error_is_one_line "$T/request"
}

# --- what is refused ---------------------------------------------------------------------------------------------------------------

@test "a request can only ask for less than its template allows" {
	for words in '--wall 1h' '--wall 0'; do
		# shellcheck disable=SC2086
		run -125 once --template strict --best-effort $words -- true
		verdict_is rejected
		error_is_one_line 'limits.wall_ns: more than the template allows'
	done
}

@test "words that are wrong are told" {
	run -125 once --wall 5 -- true
	error_is_one_line '--wall: invalid value "5": not a time like 1500ms, 2s or 1m'
	run -125 once --memory 64MB -- true
	error_is_one_line '--memory: invalid value "64MB": not a size like'
	run -125 once --on-output drop -- true
	error_is_one_line 'not kill, discard or block'
	run -125 once --on-oom all -- true
	error_is_one_line 'flag --on-oom: not group or process'
	run -125 mayfly once -- true
	error_is_one_line '--rootfs DIR, or --bundle DIR'
	run -125 mayfly once --rootfs "$ROOTFS"
	error_is_one_line 'no program was given'
	run -125 once --template nosuch -- true
	error_is_one_line 'there are agent, dev, judge, strict'
}

@test "a root without directories to mount on is told what it lacks" {
	mkdir -p "$T/root/bin"
	cp "$ROOTFS/bin/busybox" "$T/root/bin/"
	chmod 755 "$T/root"
	run -125 mayfly once --rootfs "$T/root" --result "$RESULT" -- /bin/busybox true
	output_has "the container may not make them: mkdir -p $T/root/proc $T/root/dev $T/root/tmp"
	verdict_is rejected
	mkdir "$T/root/"{proc,dev,tmp}
	run -0 mayfly once --rootfs "$T/root" -- /bin/busybox true
}

@test "a bundle is run as it is, and never two in one cgroup" {
	set_args sh -c 'echo from the bundle'
	run -0 mayfly once --bundle "$BUNDLE" --result "$RESULT"
	output_is 'from the bundle'
	verdict_is ok
	[[ $(of .applied.userns) == false ]]
	mayfly once --bundle "$BUNDLE" -- sleep 1 &
	run -0 mayfly once --bundle "$BUNDLE" -- sleep 0.1
	wait $!
	update_config '.process.terminal = true'
	run -125 mayfly once --bundle "$BUNDLE"
	error_is_one_line 'process.terminal'
}

@test "a hook that refuses is told from a set-up that failed" {
	local point

	for point in createRuntime createContainer startContainer; do
		update_config ".hooks = {$point: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo not this one >&2; exit 3\"]}]}"
		run -125 mayfly once --result "$RESULT" --bundle "$BUNDLE" -- true
		verdict_is start-failed
		[[ $(of .stage) == hooks && $(of .errno) == null && $(of .message) == *"$point hook #0"*"not this one"* ]]
		update_config ".hooks.${point}[0].path = \"/none\""
		run -125 mayfly once --result "$RESULT" --bundle "$BUNDLE" -- true
		[[ $(of .stage) == hooks && $(of .errno) == 2 ]]
	done
	update_config 'del(.hooks) | .mounts += [{destination: "/mnt", source: "/none", options: ["bind"]}]'
	run -125 mayfly once --result "$RESULT" --bundle "$BUNDLE" -- true
	[[ $(of .stage) == setup ]]
}

@test "a template can be shown, changed and given" {
	mayfly once --show-template strict | jq '.annotations["dev.mayfly.limit.wall"] = "200ms"' >"$T/mine.json"
	run -124 once --template "$T/mine.json" --best-effort -- sleep 10
	verdict_is timeout
}

@test "limits this host cannot enforce are refused, or told" {
	has_controllers && skip "needs a host without controllers"
	run -125 once --memory 64MiB -- true
	verdict_is rejected
	error_is_one_line '--memory: ' 'would not hold' '--best-effort'
	output_lacks linux.resources
	run -125 once --check --pids 5 -- true
	error_is_one_line '--pids: '
	run -125 once --check --cpus 1 -- true
	error_is_one_line '--cpus: '
	run -0 once --check --wall 5s -- true
	run -0 once --memory 64MiB --pids 5 --best-effort -- true
	[[ $(of '.applied.degraded | map(sub(":.*"; "")) | join(" ")') == '--pids --memory' && $(of .memory.peak) == null ]] ||
		fail "$(cat "$RESULT")"
	jq -cn --arg r "$ROOTFS" '{rootfs: $r, args: ["true"], limits: {memory: 67108864}}' >"$T/request"
	run -125 mayfly once -f "$T/request"
	[[ $(jq -r .message <<<"$output") == 'limits.memory: '* ]] || fail "$output"
	# What a bundle asks for has the bundle's name.
	update_config '.linux.resources.memory.limit = 67108864'
	run -125 mayfly once --bundle "$BUNDLE" -- true
	error_is_one_line 'linux.resources.memory.limit: '
}

# --- cancelling, and being killed ---------------------------------------------------------------------------------------------

# a_once_in_background WORDS...: its pid in $!, and it runs.
a_once_in_background() {
	"$MAYFLY" --root "$ROOT" once --rootfs "$ROOTFS" --result "$RESULT" "$@" </dev/null >/dev/null 2>&1 3>&- 4>&- &
}

runs() { ! no_process "$1"; }

@test "SIGTERM and SIGINT cancel it" {
	local pid status

	for signal in TERM INT; do
		a_once_in_background -- sleep 4321
		pid=$!
		wait_for runs 'sleep 4321'
		kill "-$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		((status == 130))
		verdict_is cancelled
		[[ $(of .cause.cancelled_by) == "SIG$signal" ]]
		no_process 'sleep 4321'
		no_once
	done
}

@test "a signal cancels it, with its grace" {
	a_once_in_background --grace 5s -- sh -c 'trap "exit 7" TERM; sleep 4324 & wait'
	local pid=$!
	# Behind the trap.
	wait_for runs 'sleep 4324'
	kill "$pid"
	local status=0
	wait "$pid" || status=$?
	((status == 130))
	verdict_is cancelled
	[[ $(of .exit_code) == 7 ]]
}

@test "it ends when nobody reads its result any more" {
	mkfifo "$T/pipe"
	(
		exec 7>"$T/pipe"
		exec "$MAYFLY" --root "$ROOT" once --rootfs "$ROOTFS" --result 7 -- sleep 4322
	) </dev/null >/dev/null 2>&1 3>&- 4>&- &
	local pid=$!
	exec 8<"$T/pipe"
	wait_for runs 'sleep 4322'
	exec 8<&-
	wait "$pid" || true
	no_process 'sleep 4322'
	no_once
}

@test "when it is killed its program dies, and the next command takes the rest" {
	a_once_in_background -- sleep 4323
	local pid=$!
	wait_for runs 'sleep 4323'
	kill -KILL "$pid"
	wait "$pid" || true
	wait_for no_process 'sleep 4323'
	[[ -n $(find "$ROOT" -maxdepth 1 -name "once-*") ]]
	run -0 mayfly list
	no_once
	[[ -z $(list_cgroups) ]]
}

# has_policy PID NUMBER: its scheduling policy, sched(7): 0 is that of everybody, 1 real-time.
has_policy() { (($(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 39) == $2)); }

@test "it waits with real-time priority, and passes output on without" {
	local pid hurried=0

	chrt -f 1 true 2>/dev/null && hurried=1
	a_once_in_background --wall 60s --output 1TiB -- sleep 4329
	pid=$!
	wait_for runs 'sleep 4329'
	wait_for has_policy "$pid" "$hurried"
	kill "$pid"
	wait "$pid" || true
	[[ $(of .applied.rt) == $( ((hurried)) && echo true || echo false) ]]
	a_once_in_background --wall 60s --output 1TiB -- sh -c 'exec dd if=/dev/zero bs=64k 2>/dev/null'
	pid=$!
	wait_for runs 'sh -c exec dd'
	wait_for has_policy "$pid" 0
	kill "$pid"
	wait "$pid" || true
	verdict_is cancelled
}

@test "one that lives is not swept" {
	a_once_in_background -- sleep 4328
	local pid=$!
	wait_for runs 'sleep 4328'
	mayfly list >/dev/null
	mayfly once --rootfs "$ROOTFS" -- true
	runs 'sleep 4328'
	kill "$pid"
	wait "$pid" || true
	verdict_is cancelled
}

# --- what only cgroup v2 tells ----------------------------------------------------------------------------------------------------

# It keeps what it may have to print: 200 MB.
hog='tail -c 200000000 /dev/zero'

@test "too much memory is memory-limit" {
	needs_controllers pids
	run -137 once --memory 64MiB --wall 60s -- sh -c "exec $hog"
	verdict_is memory-limit
	[[ $(of .memory.scope) == own && $(of .memory.limit) == 67108864 ]]
	(($(of .memory.oom_kill) > 0))
}

@test "a child that needs too much, and a parent that goes on" {
	needs_controllers pids
	run -0 once --memory 64MiB --on-oom process --wall 60s -- sh -c "$hog; exit 0"
	verdict_is ok
	[[ $(of '.hits | join(" ")') == oom-child ]]
	run -137 once --memory 64MiB --wall 60s -- sh -c "$hog; exit 0"
	verdict_is memory-limit
}

@test "an ancestor's limit is not the program's fault" {
	needs_controllers pids
	local parent=$CGROUP_MOUNT$CGROUP_PARENT/above

	echo '+memory +pids' >"$CGROUP_MOUNT$CGROUP_PARENT/cgroup.subtree_control" || true
	mkdir "$parent"
	echo $((48 << 20)) >"$parent/memory.max"
	echo 0 >"$parent/memory.swap.max"
	set_script "exec $hog"
	update_config '.linux.cgroupsPath = $path' --arg path "$CGROUP_PARENT/above/c"
	run -137 mayfly once --bundle "$BUNDLE" --memory 512MiB --wall 60s --result "$RESULT"
	rmdir "$parent"
	verdict_is memory-host
	[[ $(of .memory.scope) == "ancestor:$CGROUP_PARENT/above" ]]
}

@test "a refused fork is a fact, or the end" {
	needs_controllers pids
	local bomb='for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait'

	run once --pids 4 --wall 60s -- sh -c "$bomb"
	(($(of .pids.hits) > 0 && $(of .pids.peak) == 4))
	[[ $(of '.hits | join(" ")') == pids ]]
	run -137 once --pids 4 --on-pids kill --wall 60s -- sh -c "$bomb"
	verdict_is pids-limit
}

@test "the rate of a CPU is kept, and told" {
	needs_controllers cpu pids
	run -124 once --cpus 0.2 --wall 3s -- sh -c 'while :; do :; done'
	verdict_is timeout
	(($(of .cpu.nr_throttled) > 0 && $(of .time.cpu_ns) < 1500000000))
}

@test "the templates work as they are" {
	needs_controllers cpu pids
	for template in strict judge agent dev; do
		run -0 once --template "$template" -- true
		verdict_is ok
		[[ $(of '.applied.degraded | length') == 0 ]]
	done
}

@test "the largest file" {
	run -153 once --fsize 1KiB -- sh -c 'head -c 2000 /dev/zero >/tmp/f'
	verdict_is exit || verdict_is file-limit
}

@test "an input that is a way out is refused, and one that never comes holds nobody up" {
	mkfifo "$T/fifo"
	run once --stdin / -- ls /proc/self/fd/0/
	((status == 125))
	[[ $output == *directory* ]] || fail "$output"
	verdict_is rejected
	rm "$RESULT"
	# A FIFO that nobody writes to has ended.
	run -0 once --stdin "$T/fifo" -- cat
	verdict_is ok
}

@test "a file handed in does not leave the container's tmpfs by .." {
	run once --file /tmp/new/../../planted=/etc/hostname -- true
	((status == 125))
	[[ $output == *'".."'* ]] || fail "$output"
}
