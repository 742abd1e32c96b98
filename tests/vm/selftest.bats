#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What of the machine's own tools can be tried without a machine: bats tests/vm/selftest.bats


bats_require_minimum_version 1.5.0
HERE=$BATS_TEST_DIRNAME

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf '# a comment\nno such hardware\n' >allow
}

# summarize LINE...: how the given stream ends.
summarize() {
    local rc=0
    printf '%s\n' "$@" | "$HERE/summary" allow totals >shown || rc=$?
    cat totals
    return "$rc"
}
last_line_is() { [ "${lines[-1]}" = "$1" ] || { printf '%s\n' "$output" && false; }; }

@test "summary: all is well" {
    run -0 summarize 'a[mayfly]|1..2' 'a[mayfly]|ok 1 one in 12ms' 'a[mayfly]|ok 2 two in 3ms' 'a[mayfly]|@ end 0' '@ done 0'
    last_line_is '2 passed, 0 failed'
}

@test "summary: one failure fails the whole" {
    run -1 summarize 'a[mayfly]|1..2' 'a[mayfly]|ok 1 one' 'a[mayfly]|not ok 2 two' 'a[mayfly]|@ end 1' '@ done 0'
    last_line_is '1 passed, 1 failed'
    [[ $output == *'a[mayfly]: two'* ]]
}

@test "summary: suites may be mixed" {
    run -0 summarize 'a[runc]|1..1' 'b[mayfly]|1..1' 'b[mayfly]|ok 1 one' 'a[runc]|ok 1 one' 'a[runc]|@ end 0' 'b[mayfly]|@ end 0' '@ done 0'
    last_line_is '2 passed, 0 failed'
}

@test "summary: a case that runc passes and mayfly does not is named" {
    run -1 summarize 'a[runc]|1..1' 'a[runc]|ok 1 one' 'a[runc]|@ end 0' 'a[mayfly]|1..1' 'a[mayfly]|not ok 1 one' 'a[mayfly]|@ end 1' '@ done 0'
    [[ $output == *'a: one:  runc pass  mayfly FAIL'* ]]
}

@test "summary: a case that ran under one runtime and not under the other is a failure" {
    run -1 summarize 'a[runc]|1..2' 'a[runc]|ok 1 one' 'a[runc]|ok 2 two: three' 'a[runc]|@ end 0' \
        'a[mayfly]|1..1' 'a[mayfly]|ok 1 one' 'a[mayfly]|@ end 0' '@ done 0'
    last_line_is '3 passed, 1 failed'
    [[ $output == *'a[mayfly]: two: three: did not run'* ]]
}

@test "summary: a skip whose reason is on the list is no failure, any other is" {
    run -1 summarize 'a[mayfly]|1..3' 'a[mayfly]|ok 1 one' 'a[mayfly]|ok 2 two in 4ms # skip no such hardware' \
        'a[mayfly]|ok 3 three # skip do not feel like it' 'a[mayfly]|@ end 0' '@ done 0'
    last_line_is '1 passed, 1 failed'
    [[ $output == *'skipped for a reason on the list: 1'* ]]
    [[ $output == *'not allowed: do not feel like it'* ]]
}

@test "summary: a suite that breaks off counts what did not run as failed" {
    run -1 summarize 'a[mayfly]|1..5' 'a[mayfly]|ok 1 one' 'a[mayfly]|@ end 1' '@ done 0'
    last_line_is '1 passed, 4 failed'
}

@test "summary: a machine that dies fails the run" {
    run -1 summarize 'a[mayfly]|1..1' 'a[mayfly]|ok 1 one'
    last_line_is '1 passed, 1 failed'
    run -1 summarize 'a[mayfly]|1..2' 'a[mayfly]|ok 1 one'
    last_line_is '1 passed, 2 failed'
}

@test "summary: nothing that ran is a failure" {
    run -1 summarize '@ done 0'
    last_line_is '0 passed, 1 failed'
    run -1 summarize 'a[mayfly]|1..0' 'a[mayfly]|@ end 0' '@ done 0'
    last_line_is '0 passed, 1 failed'
}

@test "summary: what the machine reports broken is a failure" {
    run -1 summarize '@ broken docker does not start' 'a[mayfly]|1..1' 'a[mayfly]|ok 1 one' 'a[mayfly]|@ end 0' '@ done 0'
    last_line_is '1 passed, 1 failed'
}

@test "image: one that failed half-way is not taken for an image" {
    mkdir bin cache
    printf '#!/bin/sh\nfor last; do :; done\nmkdir -p "%s"/cache/partial-x\nexit 1\n' "$PWD" >bin/mmdebstrap
    chmod +x bin/mmdebstrap
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    PATH=$PWD/bin:$PATH MAYFLY_VM_CACHE=$PWD/cache run -1 "$HERE/image"
    [ -z "$(find cache -name 'image-*')" ]
}

@test "image: who comes second waits for the first and takes what it made" {
    mkdir cache
    key=$(cat "$HERE/packages.list" "$HERE/image" "$HERE/guest/mayfly-vm.service" | sha256sum | cut -c 1-16)
    (
        flock 9
        sleep 2
        mkdir "cache/image-$key"
        touch "cache/image-$key/complete"
    ) 9>cache/build.lock 3>&- &
    sleep 0.5
    MAYFLY_VM_CACHE=$PWD/cache run -0 --separate-stderr "$HERE/image"
    [ "$output" = "$PWD/cache/image-$key" ]
}

# shellcheck disable=SC2016 # fences, not commands
@test "follow: what a page promises is compared" {
    printf '# A page\n```sh\necho one\n```\n```text\none\n```\n```sh\necho two three\n```\n```text\ntwo ...\n```\n' >page.md
    run -0 "$HERE/lib/follow" page.md
    printf '```sh\necho one\n```\n```text\ntwo\n```\n' >page.md
    run -1 "$HERE/lib/follow" page.md
    printf '```sh\nfalse\necho one\n```\n' >page.md
    run -1 "$HERE/lib/follow" page.md
    printf 'nothing\n' >page.md
    run -1 "$HERE/lib/follow" page.md
}

# results_of NAME LINE...: a boot's, as tests/vm/run --results leaves them.
results_of() {
    mkdir -p "results/$1"
    echo systemd >"results/$1/driver"
    echo abc123 >"results/$1/commit"
    printf 'runc 1.1\nunknown 2\n' >"results/$1/versions"
    printf '%s\n' '@ mayfly: mayfly version 1' "${@:2}" >"results/$1/stream"
}

@test "engines: the report has a row for each case and its failure for what mayfly alone fails" {
    results_of first 'a-docker[runc]|ok 1 one in 12ms' 'a-docker[crun]|not ok 1 one' 'a-docker[mayfly]|ok 1 one' \
        'a-docker[runc]|ok 2 two # skip so' 'a-docker[mayfly]|not ok 2 two in 240000ms # timeout after 240s'
    run -0 "$HERE/engines/report" results
    has_row() { grep -qxF "| a-docker | $1" <<<"$output" || { echo "$output" && return 1; }; }
    has_row 'one | passed | **failed** | passed |  |  |  |'
    has_row 'two | skipped |  | **failed** |  |  |  |'
    [[ $output == *'passes 1 of 2.'*'does not: 0.'*'mayfly version 1, commit abc123'*'* runc 1.1'* ]]
    results_of second 'a-docker[runc]|ok 2 two'
    run -1 "$HERE/engines/report" results
    [[ $output == *'does not: 1.'* ]]
    run -1 "$HERE/engines/report" .
}
