#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a command may cost: system calls of all its processes, and instructions of the small ones. Unlike time, both are the
# same on a loaded machine. The budget is tests/bench/budget: NAME CALLS INSTRUCTIONS, with a little room; whoever needs
# more raises it in the same commit and says why.

load helpers

prepare() {
	command -v strace >/dev/null || skip "strace is not installed"
	if file -L "$MAYFLY" | grep -q 'dynamically linked'; then
		skip "a dynamic build has another budget"
	fi
	# Its start makes more calls, and takes more instructions: docs/decisions/073.
	if grep -aq GLIBC_TUNABLES "$MAYFLY"; then
		skip "a build with glibc has another budget"
	fi
	# Bundle A of the bench, whatever else the template has.
	(cd "$T" && mkdir A && cd A && "$MAYFLY" spec)
	jq --arg rootfs "$ROOTFS" --arg path "$CGROUP" '.process.terminal = false | .process.args = ["/bin/true"]
		| .root.path = $rootfs | .linux.cgroupsPath = $path' "$T/A/config.json" >"$BUNDLE/config.json"
}

# in_budget NAME TRACE: counts the calls of the trace.
in_budget() {
	local budget calls

	budget=$(awk -v name="$1" '$1 == name {print $2}' "$BATS_TEST_DIRNAME/../bench/budget")
	calls=$(grep -cE '^[0-9]+ +[a-z_0-9]+\(' "$2")
	echo "# $1: $calls system calls of $budget" >&3
	((calls <= budget))
}

@test "budget: create, state, start and delete make no more system calls than they may" {
	local pid

	strace -f -qq -o "$T/create.trace" timeout 20 "$MAYFLY" --root "$ROOT" create --bundle "$BUNDLE" x \
		</dev/null >/dev/null 2>&1 3>&- 4>&- &
	pid=$!
	wait_for status_is x created
	# strace's own child is timeout, which is no part of it.
	for verb in state start delete; do
		strace -f -qq -o "$T/$verb.trace" "$MAYFLY" --root "$ROOT" "$verb" x </dev/null >/dev/null
		if [[ $verb == start ]]; then
			wait "$pid"
		fi
	done
	sed -i '/execve("[^"]*mayfly"/,$!d' "$T/create.trace"
	for verb in create state start delete; do
		in_budget "$verb" "$T/$verb.trace"
	done
}

@test "budget: run makes no more system calls than it may" {
	strace -f -qq -o "$T/run.trace" "$MAYFLY" --root "$ROOT" run --bundle "$BUNDLE" x </dev/null
	in_budget run "$T/run.trace"
}

@test "budget: only the command itself makes mayfly start anew from a sealed clone" {
	local words

	for words in "state run" "--root $ROOT list create" "--log run state exec" "--debug kill once"; do
		# shellcheck disable=SC2086
		strace -f -qq -o "$T/trace" -e trace=execveat "$MAYFLY" $words </dev/null >/dev/null 2>&1 || true
		! grep -q execveat "$T/trace" || fail "mayfly $words" || return 1
	done
	for words in "--root=$ROOT/x run none" "--log $T/log -debug create none" "--cgroup-manager run exec none"; do
		# shellcheck disable=SC2086
		strace -f -qq -o "$T/trace" -e trace=execveat "$MAYFLY" $words </dev/null >/dev/null 2>&1 || true
		[[ $(grep -c execveat "$T/trace") == 1 ]] || fail "mayfly $words" || return 1
	done
}

@test "budget: state takes no more instructions than it may" {
	local budget count

	command -v valgrind >/dev/null || skip "valgrind is not installed"
	mayfly create --bundle "$BUNDLE" x </dev/null >/dev/null 2>&1 3>&- 4>&-
	budget=$(awk '$1 == "state" {print $3}' "$BATS_TEST_DIRNAME/../bench/budget")
	# With an environment of its own: glibc looks at each variable.
	count=$(env -i TMPDIR="$T" "$(command -v valgrind)" --tool=callgrind --callgrind-out-file=/dev/null "$MAYFLY" --root "$ROOT" state x \
		2>&1 >/dev/null | sed -n 's/.*Collected : //p')
	echo "# state: $count instructions of $budget" >&3
	[[ -n $count ]]
	((count <= budget))
}
