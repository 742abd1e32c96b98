#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The torture suite under mayfly once: each row of tests/torture/cases.py is a test, three rounds of it. As many as wanted:
# tests/vm/run --shell-script tests/torture/many

TORTURE=$BATS_TEST_DIRNAME/../../torture

setup_file() {
    # The job's disk is read-only, and one case writes to a program.
    cp -a /job/torture "$BATS_FILE_TMPDIR/root"
    chmod -R a+rX "$BATS_FILE_TMPDIR" "$(dirname "$BATS_FILE_TMPDIR")" 2>/dev/null || true
}

ends() { "$TORTURE/run" --mayfly "$MAYFLY" --root "$BATS_FILE_TMPDIR/root" --rounds 3 --filter "^$1\$"; }

while IFS=$'\t' read -r name proves; do
    bats_test_function --description "$name: $proves" -- ends "$name"
done < <("$TORTURE/run" --list)

# bats test_tags=quick
@test "output: exactly the limit comes through" {
    "$TORTURE/output" --mayfly "$MAYFLY" --root "$BATS_FILE_TMPDIR/root" --size 64 --limit 16 --rounds 1
}

# bats test_tags=quick
@test "deadline: a spinning program meets it on a busy machine" {
    "$TORTURE/deadline" --mayfly "$MAYFLY" --root "$BATS_FILE_TMPDIR/root" --runs 10 --wall 300
}
