#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# docs/examples: each page is followed word for word, and each program is tried where its page does not go.
# shellcheck disable=SC2016,SC2034,SC2154

load helpers

EXAMPLES=$BATS_TEST_DIRNAME/../../docs/examples
FOLLOW=$BATS_TEST_DIRNAME/../vm/lib/follow

prepare() {
	DEADLINE=100
	cp -a "$EXAMPLES" "$T/examples"
	# The examples call "mayfly"; here that is the binary under test, with this test's state root.
	mkdir "$T/bin"
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$MAYFLY" "$ROOT" >"$T/bin/mayfly"
	chmod +x "$T/bin/mayfly"
	PATH=$T/bin:$PATH
	WEAKER=()
	has_controllers || WEAKER=(--best-effort)
}

# a_python_root: the root file system of the examples, once for all tests.
a_python_root() {
	[[ -d $WORK/python-root ]] || "$EXAMPLES/python-root" "$WORK/python-root"
}

# follow PAGE [SED]: in its own directory. Where the host has no controllers the page's advice is taken: --best-effort; SED
# then says what the page promises otherwise.
follow() {
	local directory=$T/examples/$1 page=$T/page.md

	cp "$directory/README.md" "$page"
	has_controllers || sed -E "${@:2}" "$directory/README.md" >"$page"
	cd "$directory"
	timeout -k 5 200 "$FOLLOW" "$page" 3>&- 4>&-
}

# --- plugins -------------------------------------------------------------------------------------------------------

@test "plugins: the page is true" {
	# What keeps 200 MB is not stopped without the memory controller, and a line about that follows the table.
	follow plugins -e 's/^\.\/run-plugins (.*)/.\/run-plugins --best-effort \1/' \
		-e 's/^exit status /NOT ENFORCED: linux.resources.cpu.quota...\n&/' \
		-e 's/^(greedy +)memory-limit      69/\1ok                64/'
}

@test "plugins: when the runner is killed, so are its plugins" {
	a_python_root
	cd "$T/examples/plugins"
	./run-plugins "${WEAKER[@]}" --rootfs "$WORK/python-root" samples/stuck.py </dev/null >"$T/out" 2>&1 3>&- 4>&- &
	local runner=$!
	plugin_runs() { ! no_process 'python3 -I /tmp/plugin.py'; }
	plugin_is_gone() { no_process 'python3 -I /tmp/plugin.py'; }
	wait_for plugin_runs
	kill -KILL "$runner"
	wait "$runner" || true
	wait_for plugin_is_gone
	mayfly list >/dev/null
}

@test "plugins: a host that cannot enforce the limits refuses, and it is not the plugin's fault" {
	has_controllers && skip "needs a host without controllers"
	a_python_root
	cd "$T/examples/plugins"
	run -3 ./run-plugins --rootfs "$WORK/python-root" samples/hello.py samples/broken.py
	output_has rejected
	output_has --best-effort
}
