#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# I: container ids and command lines that mean harm.

load helpers

# for_each_verb ID: every command that takes an id, with this one. Sets $failures.
for_each_verb() {
	local id=$1 words

	for words in "run --bundle $BUNDLE" "create --bundle $BUNDLE" start state kill "kill --all" delete "delete --force" ps; do
		# shellcheck disable=SC2086
		attack $words -- "$id"
		((status != 0)) || fail "$words accepted the id '$id'"
	done
	attack exec -- "$id" true
	((status != 0)) || fail "exec accepted the id '$id'"
	attack plan "$BUNDLE" >/dev/null
}

@test "I1-I6 an id that is a path is refused by every command, sentinels intact" {
	local id

	mkdir -p "$ROOT"
	chmod 700 "$ROOT"
	for id in ../x ../../sentinel . .. '' a/b /abs ../../../canary/dir "$CANARY/dir" ./a a/../b; do
		for_each_verb "$id"
	done
}

@test "I7 an id of 256 characters or far more is refused by every command" {
	local length

	for length in 256 1025 70000; do
		for_each_verb "$(printf "%${length}s" '' | tr ' ' a)"
	done
}

@test "I7 an id of 255 characters is fine" {
	local id

	id=$(printf '%255s' '' | tr ' ' a)
	attack create --bundle "$BUNDLE" "$id"
	contained
	attack delete --force "$id"
	contained
}

@test "I8 other bytes in an id are refused, and come out of the error harmless" {
	local id

	for id in $'a\nb' $'a\e[31mb' $'a\x01' 'a b' 'a;b' 'a%nb' 'aéb' $'a\xff\xfeb' 'a$b' 'a*' 'a:b' 'a@b'; do
		for_each_verb "$id"
		attack state -- "$id"
		error_is_one_line
		! grep -q $'[\x01-\x08\x0b-\x1f]' "$T/stderr" || fail "control characters in the error"
		iconv -f UTF-8 -t UTF-8 "$T/stderr" >/dev/null || fail "the error is no UTF-8"
	done
}

@test "I9 an id that looks like an option is none without --, and refused or literal after it" {
	local id

	for id in -x --root --force; do
		attack create --bundle "$BUNDLE" "$id"
		((status != 0)) || fail "created $id"
		attack create --bundle "$BUNDLE" -- "$id"
		((status != 0)) || mayfly delete --force -- "$id"
	done
}

@test "I10 a state root that is a symlink is refused or followed safely; world-writable or a stranger's is refused" {
	mkdir -m 777 "$T/open"
	"$WORK/helper" bounded 10000 "$T/bounded" -- "$MAYFLY" --root "$T/open" create --bundle "$BUNDLE" test \
		</dev/null >"$T/stdout" 2>"$T/stderr" 3>&- 4>&-
	[[ $(cut -d' ' -f 1,2 "$T/bounded") == "exited 1" ]]
	rmdir "$T/open"
	mkdir -m 700 "$T/strange"
	chown 1000 "$T/strange"
	"$WORK/helper" bounded 10000 "$T/bounded" -- "$MAYFLY" --root "$T/strange" create --bundle "$BUNDLE" test \
		</dev/null >"$T/stdout" 2>"$T/stderr" 3>&- 4>&-
	[[ $(cut -d' ' -f 1,2 "$T/bounded") == "exited 1" ]]
	rmdir "$T/strange"
	ln -s "$CANARY/dir" "$T/link"
	"$WORK/helper" bounded 10000 "$T/bounded" -- "$MAYFLY" --root "$T/link" create --bundle "$BUNDLE" test \
		</dev/null >"$T/stdout" 2>"$T/stderr" 3>&- 4>&-
	[[ $(cut -d' ' -f 1,2 "$T/bounded") == "exited 1" ]]
	canary_intact
}

@test "I10 a state root of / is refused" {
	attack --root / list
	((status == 1))
}

@test "I10 a state root on a noexec file system works" {
	mkdir "$T/noexec"
	mount -t tmpfs -o noexec,mode=700 tmpfs "$T/noexec"
	status=0
	"$MAYFLY" --root "$T/noexec" run --bundle "$BUNDLE" test </dev/null || status=$?
	umount "$T/noexec"
	((status == 0))
}

@test "I11 exec --user takes exact numbers only" {
	local user

	a_running test
	for user in -1 4294967296 4294967295 1x 0x1 '' nobody +1 ' 1' '1 ' 1: :1 1:-1 1:4294967295 1:2:3 1.0 01x; do
		attack exec --user "$user" test helper ids
		((status == 255)) || fail "--user '$user' ended with $status" "$output"
		error_is_one_line
	done
	attack exec --user 1 test helper ids
	contained
	output_has "uid=1,1,1 gid=0,0,0"
	attack exec --user 1:2 test helper ids
	contained
	output_has "uid=1,1,1 gid=2,2,2"
	attack exec --user 4294967294:4294967294 test helper ids
	contained
	output_has "uid=4294967294,4294967294,4294967294"
}

@test "I12 exec --cwd onto a descriptor of the runtime's gets nowhere" {
	local fd

	a_running test
	for fd in $(seq 3 30); do
		attack exec --cwd "/proc/self/fd/$fd" test helper cwd
		output_lacks unreachable
		((status == 255)) || fail "cwd /proc/self/fd/$fd: $status" "$output"
	done
}

@test "I12 exec --cwd onto a descriptor gets nowhere under an early filter either" {
	local fd

	update_config '.process.noNewPrivileges = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	a_running test
	for fd in $(seq 3 30); do
		attack exec --cwd "/proc/self/fd/$fd" test helper cwd
		((status == 255)) || fail "cwd /proc/self/fd/$fd: $status" "$output"
	done
}

@test "I12 exec --cwd that is relative, missing, or a symlink to a descriptor is refused" {
	local cwd

	for cwd in 5 7 9; do
		ln -s "/proc/self/fd/$cwd" "$ROOTFS/fd$cwd"
	done
	a_running test
	for cwd in relative ./tmp /no/such /etc/passwd /fd5 /fd7 /fd9; do
		attack exec --cwd "$cwd" test helper cwd
		output_lacks unreachable
		((status == 255)) || fail "cwd $cwd: $status" "$output"
		error_is_one_line
	done
}

@test "I14 exec --cap adds to bounding, permitted and effective, never to inheritable and ambient" {
	a_running test
	attack exec --cap CAP_NET_RAW test helper caps
	contained
	output_has "inh=0 prm=2000 eff=2000 bnd=2000 amb=0"
}

@test "I15 a pid-file path with a symlink, a FIFO or a directory at its end writes nowhere else" {
	ln -s "$CANARY/file" "$T/pid.link"
	attack create --bundle "$BUNDLE" --pid-file "$T/pid.link" test
	refused_or_contained
	canary_intact
	mkdir "$T/pid.dir"
	attack create --bundle "$BUNDLE" --pid-file "$T/pid.dir" test
	refused pid
	mkfifo "$T/pid.fifo"
	attack create --bundle "$BUNDLE" --pid-file "$T/pid.fifo" test
	refused_or_contained
}

@test "I15 a full disk below the pid-file undoes the container" {
	mkdir "$T/full"
	mount -t tmpfs -o size=4k tmpfs "$T/full"
	dd if=/dev/zero of="$T/full/fill" bs=4k count=4 2>/dev/null || true
	attack create --bundle "$BUNDLE" --pid-file "$T/full/pid" test
	ls -A "$T/full" >"$T/full.list"
	umount "$T/full"
	refused
	[[ $(<"$T/full.list") == fill ]] || fail "left $(<"$T/full.list")"
}

@test "I16 a console socket that is missing or no socket is refused with its path" {
	update_config '.process.terminal = true'
	attack create --bundle "$BUNDLE" --console-socket "$T/none" test
	refused "$T/none"
	touch "$T/plain"
	attack create --bundle "$BUNDLE" --console-socket "$T/plain" test
	refused "$T/plain"
}

@test "I16 a console socket nobody accepts on does not hold create up" {
	update_config '.process.terminal = true'
	python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind('$T/console'); s.listen(1); time.sleep(60)" 3>&- 4>&- &
	local listener=$!

	wait_for test -S "$T/console"
	attack create --bundle "$BUNDLE" --console-socket "$T/console" test
	kill "$listener"
	contained
	((milliseconds < 3000)) || fail "it took $milliseconds ms"
}

@test "S14 kill takes no signal that is none" {
	local signal

	a_running test
	for signal in 65 -9 --9 1e1 9223372036854775808 SIG '' ' 9' '9 ' 0x9 09x SIGRTMAX+1 SIGRTMIN-1 KILL,TERM; do
		attack kill -- test "$signal"
		((status == 1)) || fail "kill '$signal' ended with $status"
	done
	status_is test running
}
