#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What CRI-O calls, by hand, since Debian has no CRI-O: conmon with its arguments, and the runtime itself.
# vm-as: crio-cgroupfs crio-systemd
# vm-runtimes: runc crun mayfly
# vm-beside: yes

# shellcheck disable=SC2016 # jq's variables

load ../lib/engine.bash

# Its cgroup_manager: the runtime's option, conmon's, and what a container's cgroup is called.
case $ENGINE in
crio-systemd) MANAGER=(--systemd-cgroup) MONITOR=(-s) GROUP=system.slice:crio: ;;
*) MANAGER=() MONITOR=() GROUP=/crio-$RUNTIME/crio- ;;
esac

# The options CRI-O gives the runtime, and of the environment what it hands on.
runtime() {
    env -i PATH="$PATH" XDG_RUNTIME_DIR=/run CRI_O_EXTERNAL=1 "$RUNTIME" --root "$BATS_FILE_TMPDIR/state" "${MANAGER[@]}" "$@" 3>&-
}

# monitor BUNDLE ARGUMENTS...: conmon; what it reports on its pipe is in BUNDLE/report.
monitor() {
    local bundle=$1
    shift
    : >"$bundle/report"
    env -i PATH="$PATH" XDG_RUNTIME_DIR=/run _OCI_SYNCPIPE=4 conmon "${MONITOR[@]}" -b "$bundle" --exit-dir "$BATS_FILE_TMPDIR/exits" \
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
    jq --arg root /var/lib/mayfly-vm/root --arg group "$GROUP$1" '.process.terminal = false | .root = {path: $root, readonly: true} |
        .linux.cgroupsPath = $group | .process.args = ["sleep", "1000"] | '"${2:-.}" \
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

@test "its cgroup is where CRI-O asked for it" {
    local group
    group=$(sed -n 's/^0:://p' "/proc/$(cat "$BATS_FILE_TMPDIR/bundles/stay/pidfile")/cgroup")
    # crun puts the program into a cgroup of its own below it.
    case $ENGINE in
    crio-systemd) equal "${group%/container}" /system.slice/crio-stay.scope ;;
    *) equal "${group%/container}" "/crio-$RUNTIME/crio-stay" ;;
    esac
}

@test "update: resources on standard input" {
    local group
    runtime update --resources - stay <<<'{"memory": {"limit": 67108864}, "pids": {"limit": 55}}'
    group=$(sed -n 's/^0::/\/sys\/fs\/cgroup/p' "/proc/$(cat "$BATS_FILE_TMPDIR/bundles/stay/pidfile")/cgroup")
    equal "$(cat "${group%/container}/memory.max")" 67108864
    equal "$(cat "${group%/container}/pids.max")" 55
}

@test "pause and resume" {
    runtime pause stay
    runtime state stay | jq -e '.status == "paused"'
    runtime resume stay
    runtime state stay | jq -e '.status == "running"'
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

# hostUsers: false with a volume, and recursiveReadOnly: what containerd 1.7 does not hand on.
@test "a user namespace, a volume mapped into it, and a recursive read-only mount" {
    local dir volume=$BATS_FILE_TMPDIR/volume map='[{containerID: 0, hostID: 100000, size: 65536}]'
    [ "$RUNTIME" != runc ] || skip "runc 1.1 has no idmapped mounts"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
    mkdir -p "$volume/deep"
    echo of-root >"$volume/zero"
    install -o 1000 -g 1000 /dev/null "$volume/thousand"
    mount -t tmpfs -o mode=1777 tmpfs "$volume/deep"
    dir=$(bundle mapped ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = $map | .linux.gidMappings = $map |
        .root.path = \"$BATS_FILE_TMPDIR/root\" |
        .mounts += [{destination: \"/mnt\", source: \"$volume\", options: [\"bind\"], uidMappings: $map, gidMappings: $map},
                    {destination: \"/tmp\", source: \"$volume\", options: [\"rbind\", \"rro\"]}] |
        .process.args = [\"sh\", \"-c\", \"stat -c '%n %u:%g' /mnt/zero /mnt/thousand; echo new >/mnt/made && stat -c '%n %u' /mnt/made
            stat -c '%n %u' /tmp/zero; echo no >/tmp/deep/file || echo deep: cannot\"]")
    # The pod's root can write no mount points into a root of the host's.
    mkdir "$BATS_FILE_TMPDIR/root"
    cp -a /var/lib/mayfly-vm/root/{bin,dev,etc,proc,sys,tmp} "$BATS_FILE_TMPDIR/root"
    mkdir "$BATS_FILE_TMPDIR/root/mnt"
    monitor "$dir" -c mapped -u mapped -n mapped -p "$dir/pidfile"
    runtime start mapped || { cat "$dir/report" "$dir/conmon.log" && return 1; }
    eventually 30 test -e "$BATS_FILE_TMPDIR/exits/mapped"
    umount "$volume/deep"
    runtime delete --force mapped
    output=$(sed 's/^[^ ]* std[a-z]* F //' "$dir/log")
    has "/mnt/zero 0:0" "/mnt/thousand 1000:1000" "/mnt/made 0" "/tmp/zero 65534" "deep: cannot"
    equal "$(stat -c %u "$volume/made")" 0
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
    local dir group
    dir=$(bundle loud '.process.args = ["sh", "-c", "trap \"exit 5\" USR1; echo up; while :; do sleep 0.2; done"]')
    monitor "$dir" -c loud -u loud -n loud -p "$dir/pidfile"
    runtime start loud
    group=$(sed -n 's/^0::/\/sys\/fs\/cgroup/p' "/proc/$(cat "$dir/pidfile")/cgroup")
    [ -e "$group/cgroup.procs" ]
    eventually 30 grep -q up "$dir/log"
    runtime kill loud SIGUSR1
    eventually 30 test -e "$BATS_FILE_TMPDIR/exits/loud"
    equal "$(cat "$BATS_FILE_TMPDIR/exits/loud")" 5
    attempt runtime kill loud 15
    [ "$status" -ne 0 ]
    [ "$RUNTIME" = crun ] || matches 'container not running|no such process|invalid process'
    attempt runtime kill -a loud 9
    runtime delete --force loud
    [ ! -e "$group" ]
}

@test "delete --force of what is not there" {
    runtime delete --force nobody
}
