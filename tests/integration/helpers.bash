# SPDX-License-Identifier: Apache-2.0
# What every bats file loads: a bundle and a state root for each test, short ways to run mayfly,
# and the oracle that looks for leftovers after each test.
# shellcheck shell=bash disable=SC2154,SC2034

bats_require_minimum_version 1.5.0

if [[ -z ${WORK:-} || ! -d ${WORK:-/nonexistent}/template ]]; then
	echo "run these through tests/integration/run: they need its private namespaces" >&2
	exit 1
fi

setup() {
	T=$BATS_TEST_TMPDIR
	ROOT=$T/state/of/tests/root
	BUNDLE=$T/bundle
	ROOTFS=$BUNDLE/rootfs
	CGROUP=$CGROUP_PARENT/c$BATS_TEST_NUMBER
	GLOBAL=()
	mkdir -p "$T/state/of/tests"
	cp -a "$WORK/template" "$BUNDLE"
	oracle_remember
	if [[ $KIND == crun ]]; then
		GLOBAL=(--cgroup-manager=disabled)
		update_config '.ociVersion = "1.0.2"'
	else
		update_config '.linux.cgroupsPath = $path' --arg path "$CGROUP"
	fi
	if [[ $PREPARED == yes ]]; then
		mayfly doctor --prepare >/dev/null
	fi
	if declare -F prepare >/dev/null; then
		prepare
	fi
}

# bats calls teardown where "set -e" does not hold: every step's status is looked at.
teardown() {
	local bad=0

	if declare -F clean_up >/dev/null; then
		clean_up || bad=1
	fi
	oracle_delete_all || bad=1
	if [[ $PREPARED == yes ]]; then
		mayfly doctor --remove >/dev/null || bad=1
	fi
	oracle_compare || bad=1
	return "$bad"
}

# --- running mayfly ----------------------------------------------------------------------------------

# mayfly ARGS...: the binary under test with this test's state root, never longer than $DEADLINE.
mayfly() {
	timeout -k 5 "${DEADLINE:-10}" "$MAYFLY" --root "$ROOT" "${GLOBAL[@]}" "$@"
}

# quietly COMMAND...: for commands whose children keep standard output open (create, run -d, exec -d):
# output goes through files, so that bats's "run" sees an end.
quietly() {
	local status=0

	"$@" </dev/null >"$T/stdout" 2>"$T/stderr" 3>&- 4>&- || status=$?
	cat "$T/stdout" "$T/stderr"
	return "$status"
}

create() { quietly mayfly create --bundle "$BUNDLE" "$@"; }
run_detached() { quietly mayfly run --detach --bundle "$BUNDLE" "$@"; }

# in_container SCRIPT: run sh -c SCRIPT as the container's program, in the foreground.
in_container() {
	set_script "$1"
	mayfly run --bundle "$BUNDLE" test
}

set_args() {
	local json

	json=$(jq -cn '$ARGS.positional' --args -- "$@")
	update_config ".process.args = $json"
}

set_script() { set_args sh -c "$1"; }

# a_running ID: a container whose program sleeps.
a_running() {
	set_args sleep 1000
	create "$1"
	mayfly start "$1"
}

# a_stopped ID: a container whose program has ended.
a_stopped() {
	set_args true
	create "$1"
	mayfly start "$1"
	wait_for status_is "$1" stopped
}

status_of() { mayfly state "$1" | jq -r .status; }
status_is() { [[ $(status_of "$1") == "$2" ]]; }
pid_of() { mayfly state "$1" | jq -r .pid; }

# update_config JQ [jq's own options]: change the bundle's config.json.
update_config() {
	local filter=$1

	shift
	jq "$@" "$filter" "$BUNDLE/config.json" >"$T/config.new"
	# Written in place: some tests made config.json something else than a plain file.
	cat "$T/config.new" >"$BUNDLE/config.json"
	rm "$T/config.new"
}

# --- what must hold ----------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# output_is TEXT, output_has TEXT, output_lacks TEXT, output_matches REGEX: about bats's $output.
output_is() { [[ $output == "$1" ]] || fail "expected: $1" "got: $output"; }
output_has() { [[ $output == *"$1"* ]] || fail "expected it to contain: $1" "got: $output"; }
output_lacks() { [[ $output != *"$1"* ]] || fail "expected it not to contain: $1" "got: $output"; }
output_matches() { [[ $output =~ $1 ]] || fail "expected it to match: $1" "got: $output"; }

# error_is_one_line [TEXT...]: one line of error, which has every TEXT.
error_is_one_line() {
	local text

	[[ $output != *$'\n'* && -n $output ]] || fail "expected one line of error, got:" "$output" || return 1
	for text; do
		output_has "$text" || return 1
	done
}

# wait_for COMMAND...: until it succeeds, at most five seconds.
wait_for() {
	local i

	for ((i = 0; i < 100; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.05
	done
	fail "waited in vain for: $*"
}

# nothing_of ID: no state, no cgroup; for the moment right after a refused or undone operation.
nothing_of() {
	[[ ! -e $ROOT/$1 ]] || fail "the state directory of $1 is still there" || return 1
	[[ ! -d $CGROUP_MOUNT$CGROUP ]] || fail "the cgroup is still there"
}

# no_process TEXT: no process whose command line begins with TEXT.
no_process() {
	local file line

	for file in /proc/[0-9]*/cmdline; do
		line=$(tr '\0' ' ' 2>/dev/null <"$file") || continue
		[[ $line != "$1"* ]] || return 1
	done
}

needs_controllers() {
	local controller

	# A hybrid host may have one of them; limits are for hosts that have them all.
	for controller in memory "$@"; do
		grep -qw -- "$controller" "$CGROUP_MOUNT/cgroup.controllers" ||
			skip "needs cgroup v2 controllers"
	done
}

has_controllers() {
	grep -qw memory "$CGROUP_MOUNT/cgroup.controllers"
}

# --- the oracle --------------------------------------------------------------------------------------

list_orphans() {
	local stat pid rest

	# Whoever left a process behind has ended, so that the process is pid 1's child.
	for stat in /proc/[0-9]*/stat; do
		{ read -r rest <"$stat"; } 2>/dev/null || continue
		pid=${rest%% *}
		rest=${rest##*) }
		# shellcheck disable=SC2086
		set -- $rest
		if [[ $2 == 1 && $1 != Z && $1 != X ]]; then
			echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
		fi
	done | sort
}

list_cgroups() {
	find "$CGROUP_MOUNT$CGROUP_PARENT" -mindepth 1 -type d ! -path '*/suite' 2>/dev/null | sort
}

# Where tests and runtimes mount; the rest of the table is the machine's, and may change as it likes.
list_mounts() { cut -d' ' -f 4- /proc/self/mountinfo | grep -E '^[^ ]+ (/run|/tmp|/sys/fs/cgroup)' | sort; }
# /run/mount is mount(8)'s own.
list_run() { find /run -mindepth 1 \( -path "$WORK" -o -path /run/mount \) -prune -o -print 2>/dev/null | sort; }

oracle_remember() {
	list_orphans >"$BATS_TEST_TMPDIR/oracle.processes"
	list_mounts >"$BATS_TEST_TMPDIR/oracle.mounts"
	list_run >"$BATS_TEST_TMPDIR/oracle.run"
}

oracle_delete_all() {
	local directory id bad=0

	for directory in "$ROOT"/*/; do
		[[ -d $directory ]] || continue
		id=$(basename "$directory")
		mayfly delete --force "$id" || bad=1
	done
	((bad == 0)) || fail "delete --force failed"
}

# By force, so that one test's leftover does not fail the next.
scrub_cgroups() {
	local directory

	list_cgroups | sort -r | while read -r directory; do
		echo 1 >"$directory/cgroup.kill" 2>/dev/null || true
		sleep 0.2
		rmdir "$directory" 2>/dev/null || true
	done
}

no_new_orphans() {
	list_orphans >"$BATS_TEST_TMPDIR/oracle.now"
	! comm -13 "$BATS_TEST_TMPDIR/oracle.processes" "$BATS_TEST_TMPDIR/oracle.now" | grep -q .
}

# Everything the tests may leave is in $T; everything else must be as before.
oracle_compare() {
	local left=() bad=0

	# Names with a dot are mayfly's own caches, not containers.
	if [[ -d $ROOT ]]; then
		mapfile -t left < <(find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '.*')
		((${#left[@]} == 0)) || { fail "left in the state root: ${left[*]}" || bad=1; }
	fi
	mapfile -t left < <(list_cgroups)
	if ((${#left[@]})); then
		scrub_cgroups
		fail "left cgroups: ${left[*]}" || bad=1
	fi
	wait_for no_new_orphans || fail "left processes:" \
		"$(comm -13 "$BATS_TEST_TMPDIR/oracle.processes" "$BATS_TEST_TMPDIR/oracle.now")" || bad=1
	diff "$BATS_TEST_TMPDIR/oracle.mounts" <(list_mounts) || fail "left mounts" || bad=1
	diff "$BATS_TEST_TMPDIR/oracle.run" <(list_run) || fail "left files below /run" || bad=1
	mapfile -t left < <(find "$BUNDLE" -maxdepth 1 -mindepth 1 -name '.*' 2>/dev/null)
	((${#left[@]} == 0)) || fail "left temporary files: ${left[*]}" || bad=1
	return "$bad"
}
