#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What CRI-O calls, by hand, since Debian has no CRI-O: conmon with its arguments, and the runtime itself.
# vm-runtimes: runc crun mayfly
# vm-beside: yes

# shellcheck disable=SC2016 # jq's variables

load ../lib/engine.bash

# The options CRI-O gives the runtime, and of the environment what it hands on.
runtime() { env -i PATH="$PATH" XDG_RUNTIME_DIR=/run CRI_O_EXTERNAL=1 "$RUNTIME" --root "$BATS_FILE_TMPDIR/state" "$@" 3>&-; }

# monitor BUNDLE ARGUMENTS...: conmon; what it reports on its pipe is in BUNDLE/report.
monitor() {
    local bundle=$1
    shift
    : >"$bundle/report"
    env -i PATH="$PATH" XDG_RUNTIME_DIR=/run _OCI_SYNCPIPE=4 conmon -b "$bundle" --exit-dir "$BATS_FILE_TMPDIR/exits" \
        -l "$bundle/log" --log-level info -P "$bundle/conmon-pidfile" --persist-dir "$bundle" -r "$(command -v "$RUNTIME")" \
        --runtime-arg "--root=$BATS_FILE_TMPDIR/state" --socket-dir-path "$BATS_FILE_TMPDIR/sockets" --full-attach "$@" \
        3>&- 4>"$bundle/report" </dev/null >"$bundle/conmon.log" 2>&1
    eventually 30 test -s "$bundle/report"
}

# bundle ID JQ: a directory with a config.json
bundle() {
    local dir=$BATS_FILE_TMPDIR/bundles/$1
    mkdir -p "$dir"
    runc spec --bundle "$dir"
    jq --arg root /var/lib/mayfly-vm/root --arg id "$1" '.process.terminal = false | .root = {path: $root, readonly: true} |
        .linux.cgroupsPath = ("/crio-'"$RUNTIME"'/crio-" + $id) | .process.args = ["sleep", "1000"] | '"${2:-.}" \
        "$dir/config.json" >"$dir/new"
    mv "$dir/new" "$dir/config.json"
    echo "$dir"
}
process_of() { jq "{cwd: \"/\", env: .process.env, user: .process.user, capabilities: .process.capabilities} + $2" "$1/config.json"; }

setup_file() {
    mkdir -p "$BATS_FILE_TMPDIR"/{exits,sockets}
    local dir
    dir=$(bundle stay)
    monitor "$dir" -c stay -u stay -n stay -p "$dir/pidfile"
    cat "$dir/report" "$dir/conmon.log"
    runtime start stay
}

teardown_file() {
    runtime delete --force stay
    rmdir "/sys/fs/cgroup/crio-$RUNTIME" 2>/dev/null || true
}

@test "create by conmon: the pid is reported, and is in the pid-file" {
    local dir=$BATS_FILE_TMPDIR/bundles/stay
    equal "$(jq -r 'if .data then .data else .pid end' "$dir/report")" "$(cat "$dir/pidfile")"
    kill -0 "$(cat "$dir/pidfile")"
}

@test "state: what CRI-O reads" {
    runtime state stay | jq -e '.status == "running" and .pid > 1 and (.bundle | startswith("/")) and
        (.created | test("^20[0-9-]+T[0-9:.]+(Z|[+-][0-9:]+)$"))'
}

@test "create by conmon that fails: CRI-O is told why" {
    local dir
    dir=$(bundle broken '.process.args = ["no-such-program"]')
    monitor "$dir" -c broken -u broken -n broken -p "$dir/pidfile" || true
    jq -e '(.data // .pid) == -1 and (.message | test("executable file.* not found"))' "$dir/report" || { cat "$dir/report" "$dir/conmon.log" && return 1; }
    runtime delete --force broken
}

@test "exec in the foreground: output, errors and the exit status" {
    local dir=$BATS_FILE_TMPDIR/bundles/stay
    process_of "$dir" '{args: ["sh", "-c", "cat; echo err >&2; exit 12"]}' >"$dir/process.json"
    attempt runtime exec --process "$dir/process.json" stay < <(echo in)
    status_is 12
    has in err
}

@test "exec in the foreground on a terminal of CRI-O's own" {
    local dir=$BATS_FILE_TMPDIR/bundles/stay
    process_of "$dir" '{terminal: true, args: ["sh", "-c", "test -t 0 && echo terminal; stty size; echo ready; read -r w; echo \"read: $w\"; exit 13"]}' >"$dir/process.json"
    attempt "$LIB/pty" --size 31x101 --on ready 'words\n' -- env -i PATH="$PATH" "$RUNTIME" --root "$BATS_FILE_TMPDIR/state" \
        exec --process "$dir/process.json" stay
    status_is 13
    has terminal "31 101" "read: words"
}

@test "exec by conmon, as ExecSync has it" {
    local dir=$BATS_FILE_TMPDIR/bundles/stay work=$BATS_FILE_TMPDIR/bundles/sync
    mkdir -p "$work"
    process_of "$dir" '{args: ["sh", "-c", "echo out; exit 14"]}' >"$work/process.json"
    monitor "$work" -c stay -u sync -n stay -p "$work/pidfile" -e --exec-process-spec "$work/process.json" -T 20
    eventually 30 grep -q '"exit_code"\|"data": *14\|14' "$work/report"
    grep -q ' stdout F out' "$work/log"
}

@test "kill by name and by number; the exit is recorded with its status" {
    local dir
    dir=$(bundle loud '.process.args = ["sh", "-c", "trap \"exit 5\" USR1; echo up; while :; do sleep 0.2; done"]')
    monitor "$dir" -c loud -u loud -n loud -p "$dir/pidfile"
    runtime start loud
    eventually 30 grep -q up "$dir/log"
    runtime kill loud SIGUSR1
    eventually 30 test -e "$BATS_FILE_TMPDIR/exits/loud"
    equal "$(cat "$BATS_FILE_TMPDIR/exits/loud")" 5
    attempt runtime kill loud 15
    [ "$status" -ne 0 ]
    [ "$RUNTIME" = crun ] || matches 'container not running|no such process|invalid process'
    attempt runtime kill -a loud 9
    runtime delete --force loud
    [ ! -e "/sys/fs/cgroup/crio-$RUNTIME/crio-loud" ]
}

@test "delete --force of what is not there" {
    runtime delete --force nobody
}
