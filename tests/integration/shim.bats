#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whole lives of containers as containerd's shim leads them (the script "shim" beside this file); single facts that a
# shim relies on are in lifecycle.bats and terminal.bats.

load helpers

shim() { DEADLINE=60 timeout -k 5 60 "$BATS_TEST_DIRNAME/shim" "$1" "$MAYFLY" "$ROOT" "$BUNDLE" "${GLOBAL[@]}" 3>&- 4>&-; }

@test "shim: create, start, exit and delete, with the status at the subreaper and nobody else" {
	run -0 shim life
}

@test "shim: twenty execs at once, each with its pid-file and its status, and one that fails" {
	run -0 shim execs
}

@test "shim: in a shared pid namespace kill --all ends what the program left, after its end" {
	run -0 shim shared
}

@test "shim: every command that fails leaves one error in the JSON log and one line of output" {
	run -0 shim refusals
}

@test "shim: a console socket that accepts five seconds late, for create and for exec" {
	run -0 shim late
}

@test "shim: a runtime killed at random moments is cleared away by delete --force alone" {
	run -0 shim killed
}

@test "shim: a runtime that dies with its shim is cleared away by delete --force" {
	run -0 shim orphaned
}
