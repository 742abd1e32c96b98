#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# K, R19: processes in the container that look for a way out through those that mayfly puts beside them.

load helpers

may_trace() {
	update_config '.process.capabilities = ({} | .bounding = $caps | .effective = $caps | .permitted = $caps)' \
		--argjson caps '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]'
}

saw_nothing() {
	grep -q '^seen=[1-9]' "$T/scan" || fail "it saw no process at all" "$(<"$T/scan")" || return 1
	grep -qx 'outside=0' "$T/scan" || fail "$(<"$T/scan")"
}

@test "K10 a process that waits for start holds no directory of the host or of the caller" {
	may_trace
	set_args sleep 1000
	create test 9</ 55<"$CANARY"
	mayfly exec test helper scan 0 >"$T/scan" </dev/null
	saw_nothing
}

@test "K10 a process that enters holds no directory of the host or of the caller" {
	local n scanner

	may_trace
	a_running test
	mayfly exec test helper scan 2500 >"$T/scan" </dev/null &
	scanner=$!
	for ((n = 0; n < 40; n++)); do
		mayfly exec test true </dev/null 9</ || true
	done
	wait "$scanner"
	saw_nothing
}

@test "K12 the caller's pipes end while a container waits for start" {
	set_args sleep 1000
	mkfifo "$T/pipe"
	timeout 5 cat "$T/pipe" >"$T/read" &
	create test 9>"$T/pipe"
	wait "$!" || fail "somebody holds the pipe"
}

@test "K11 an exec whose intermediate process is held up works all the same" {
	a_running test
	run mayfly exec test echo inside </dev/null
	output_is inside
	run --separate-stderr strace -f -o /dev/null -e trace=clone3 -e inject=clone3:delay_exit=300000 \
		"$MAYFLY" --root "$ROOT" exec test echo inside </dev/null
	output_is inside
}
