#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people do with Docker and Podman, each case under both and with every runtime: where runc passes, mayfly must.
# vm-as: docker podman
# vm-runtimes: runc crun mayfly
# vm-beside: yes
#
# A container costs seconds in here, so cases that need not disturb each other share one (setup_file), and each
# looks at its own lines of what that container said.

load ../lib/engine.bash

setup_file() {
    traces >"$BATS_FILE_TMPDIR/before"
    once locked probe --read-only --pids-limit 64 --memory 64m --memory-swap 64m --cpus 0.5
    [ "${QUICK-0}" -eq 0 ] || return 0

    once plain probe --cpu-shares 512 --cpuset-cpus 0 --memory-reservation 32m --memory 64m --memory-swap 96m
    once person probe --hostname box --user 1000:1000 --group-add 2000 --cap-drop ALL --cap-add NET_BIND_SERVICE \
        --ulimit nofile=123:456 --security-opt no-new-privileges -e GREETING='hello  world' -w /home/app --oom-score-adj 321
    once privileged probe --privileged

    local dir=$BATS_FILE_TMPDIR
    mkdir -p "$dir/ro" "$dir/rw"
    echo from-the-host >"$dir/ro/file"
    truncate -s 1M "$dir/disk"
    printf LOOPDISK | dd of="$dir/disk" conv=notrunc status=none
    losetup --find --show "$dir/disk" >"$dir/loop"
    # shellcheck disable=SC2016 # the container's own shell
    once mounts run_none --rm -v "$dir/ro:/mnt/ro:ro" -v "$dir/rw:/mnt/rw" --tmpfs /scratch:size=1m,mode=1777 \
        --shm-size 2m --device "$(cat "$dir/loop"):/dev/xloop:r" busybox sh -c '
            echo "ro reads: $(cat /mnt/ro/file)"
            echo no >/mnt/ro/new; echo "ro write: $?"
            echo from-inside >/mnt/rw/new; echo "rw write: $?"
            grep " /scratch " /proc/mounts
            head -c 2097152 /dev/zero >/scratch/big; echo "past the size: $?, kept $(wc -c </scratch/big)"
            echo "shm: $(df -k /dev/shm | tail -n 1 | tr -s " " | cut -d " " -f 2)"
            echo "device reads: $(head -c 8 /dev/xloop)"
            echo no 2>/dev/null >/dev/xloop; echo "device write: $?"
            mknod /dev/xmem c 1 1; echo "mknod: $?"
            head -c 1 /dev/xmem; echo "other device: $?"
            [ -e /dev/kmsg ]; echo "kmsg there: $?"'

    # The one that stays, for exec and its friends.
    # shellcheck disable=SC2016
    once stay run_none -d --name stay --memory 96m --pids-limit 50 -e FOO=bar -w /tmp busybox \
        sh -c 'trap "echo usr1" USR1; trap "exit 5" TERM; echo up; while :; do sleep 0.2; done'
}

teardown_file() {
    remove_all
    [ ! -e "$BATS_FILE_TMPDIR/loop" ] || losetup -d "$(cat "$BATS_FILE_TMPDIR/loop")"
}

# --- the locked-down container ----------------------------------------------------------------------------------------
# bats test_tags=quick
@test "locked down: it runs, with the limits asked for" {
    recall locked
    status_is 0
    has pids.max=64 memory.max=67108864 memory.swap.max=0 "cpu.max=50000 100000"
}

# bats test_tags=quick
@test "locked down: writing to / fails, and there is no interface but lo" {
    recall locked
    has "write /: cannot" "links=lo "
}

# bats test_tags=quick
@test "locked down: namespaces of its own, its cgroup as /, the filter on" {
    recall locked
    has "namespace pid: its own" "namespace net: its own" "namespace mnt: its own" "namespace ipc: its own" \
        "namespace uts: its own" "namespace cgroup: its own" "namespace user: the host's" cgroup=0::/ Seccomp=2
    matches '^pid=1 ppid=0 session=1$'
    has "descriptors=0 1 2 3 "
}

# bats test_tags=quick
@test "a fork bomb stops at 64 processes" {
    local cgroup
    # shellcheck disable=SC2016
    run_none -d --name bomb --pids-limit 64 --cpus 0.5 busybox sh -c 'bomb() { bomb | bomb & }; sleep 1; bomb; sleep 1000' >/dev/null
    cgroup=$(cgroup_of bomb)
    equal "$(cat "$cgroup/pids.max")" 64
    refused() { grep -q '^max [1-9]' "$cgroup/pids.events"; }
    eventually 30 refused
    echo "at its highest: $(cat "$cgroup/pids.peak")"
    [ "$(cat "$cgroup/pids.peak")" -le 64 ]
    remove bomb
    [ ! -e "$cgroup" ]
}

# bats test_tags=quick
@test "a memory bomb ends as 137, OOMKilled" {
    attempt run_none --name hungry --memory 64m --memory-swap 64m busybox tail /dev/zero
    status_is 137
    if [ "$ENGINE" = podman ]; then
        # conmon reads memory.events when the container has ended, and by then systemd may have taken a scope away: 8
        # of 123 runs, under runc as under mayfly. A cgroup that is nobody else's stays until the runtime deletes it.
        remove hungry
        attempt engine --cgroup-manager cgroupfs run --network none --name hungry --memory 64m --memory-swap 64m \
            busybox tail /dev/zero
        status_is 137
    fi
    equal "$(inspect hungry '{{.State.OOMKilled}} {{.State.ExitCode}}')" "true 137"
    remove hungry
}

# --- what a container is given ----------------------------------------------------------------------------------------
@test "limits: shares, cpuset, reservation, memory and swap" {
    recall plain
    status_is 0
    has cpuset.cpus=0 memory.low=33554432 memory.max=67108864 memory.swap.max=33554432
    # Shares become a weight by one of two formulas: runc's until 1.3.1, and everybody's newer one.
    matches '^cpu\.weight=(20|59)$'
}

@test "the default container: capabilities, seccomp, AppArmor, masked and read-only paths" {
    recall plain
    case $ENGINE in
    docker) has CapEff=00000000a80425fb "label=docker-default (enforce)" "masked /proc/kcore: character special file, 0 byte(s), 1 name(s)" ;;
    podman) has CapEff=00000000800405fb ;;
    esac
    has Seccomp=2 NoNewPrivs=0 "write /proc/sysrq-trigger: cannot" "write /sys/kernel: cannot" \
        "write /sys/fs/cgroup/cgroup.procs: cannot" "write /: can" "umask=0022"
    matches '^masked /sys/firmware: .* 0 name\(s\)$'
    matches '^dev /dev/null crw-rw-rw- 0:0 1:3$'
    lacks '^dev /dev/(mem|kmsg|vda|fuse) '
}

@test "--user, --group-add" {
    recall person
    status_is 0
    matches '^id=1000:1000 groups=1000 2000$'
}

@test "--hostname" {
    recall person
    has hostname=box
}

@test "--cap-drop ALL --cap-add NET_BIND_SERVICE: for a user, in the bounding set alone or ambient as the engine says" {
    recall person
    has CapBnd=0000000000000400
    # Podman gives a user what was added by name, Docker does not.
    case $ENGINE in
    docker) has CapEff=0000000000000000 CapAmb=0000000000000000 ;;
    podman) has CapEff=0000000000000400 CapAmb=0000000000000400 ;;
    esac
}

@test "--ulimit nofile=123:456" {
    recall person
    has nofile=123:456
}

@test "--security-opt no-new-privileges" {
    recall person
    has NoNewPrivs=1
}

@test "-e, -w, --oom-score-adj" {
    recall person
    has "env GREETING=hello  world" cwd=/home/app oom_score_adj=321
}

@test "--privileged: every capability, no filter, the host's devices, a writable /sys and cgroup" {
    recall privileged
    status_is 0
    has CapEff=000001ffffffffff CapBnd=000001ffffffffff Seccomp=0 "write /sys/fs/cgroup/cgroup.procs: can"
    matches '^dev /dev/vda brw'
    lacks '^label=docker-default'
    matches '^mount /sys rw'
}

@test "-v: read-only and read-write" {
    recall mounts
    has "ro reads: from-the-host" "ro write: 1" "rw write: 0"
    equal "$(cat "$BATS_FILE_TMPDIR/rw/new")" from-inside
    [ ! -e "$BATS_FILE_TMPDIR/ro/new" ]
}

@test "--tmpfs and --shm-size" {
    recall mounts
    # Docker adds noexec of its own, Podman does not.
    matches '^tmpfs /scratch tmpfs rw,nosuid,nodev,(noexec,)?relatime,size=1024k'
    has "past the size: 1, kept 1048576" "shm: 2048"
}

@test "--device: what was granted is there, read-only as asked; nothing else opens" {
    recall mounts
    has "device reads: LOOPDISK" "device write: 1" "kmsg there: 1"
    # Docker lets a container make a node it cannot open; Podman does not grant mknod.
    case $ENGINE in
    docker) has "mknod: 0" ;;
    podman) has "mknod: 1" ;;
    esac
    has "other device: 1"
}

@test "--security-opt seccomp=PROFILE and seccomp=unconfined" {
    local profile=$BATS_TEST_TMPDIR/profile.json
    cat >"$profile" <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
JSON
    attempt run_none --rm --security-opt "seccomp=$profile" busybox sh -c 'mkdir /tmp/x; grep ^Seccomp: /proc/self/status'
    matches 'Operation not supported'
    matches '^Seccomp:.2$'
    attempt run_none --rm --security-opt seccomp=unconfined busybox sh -c 'mkdir /tmp/x && grep ^Seccomp: /proc/self/status'
    status_is 0
    matches '^Seccomp:.0$'
}

@test "--init: the engine's init is 1 and reaps" {
    # shellcheck disable=SC2016
    attempt run_none --rm --init busybox sh -c '
        cat /proc/1/comm
        (sleep 0.1 & exec true) ; sleep 1
        echo "zombies: $(cat /proc/[0-9]*/stat | cut -d " " -f 3 | grep -c Z)"; exit 9'
    status_is 9
    case $ENGINE in docker) has docker-init ;; podman) has podman-init ;; esac
    has "zombies: 0"
}

@test "a bridge network: eth0 with an address, the gateway answers" {
    # Nobody listens there, and to be told so is an answer. (ping needs a capability that Podman does not give.)
    # shellcheck disable=SC2016
    attempt engine run --rm busybox sh -c '
        ip -4 -o addr show eth0
        nc -w 20 "$(ip route | sed -n "s/^default via \([0-9.]*\).*/\1/p")" 9 </dev/null
        cat /etc/resolv.conf /etc/hosts >/dev/null && echo files'
    status_is 0
    matches 'inet (172|10)\.'
    matches 'connection refused'
    has files
}

@test "standard input through a pipe, output and errors apart" {
    local rc=0
    printf 'one\ntwo\n' | run_none --rm -i busybox sh -c 'cat; echo wrong >&2; exit 3' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || rc=$?
    equal "$rc" 3
    equal "$(cat "$BATS_TEST_TMPDIR/out")" $'one\ntwo'
    equal "$(cat "$BATS_TEST_TMPDIR/err")" wrong
}

@test "-it: a terminal of the right size, that is typed into and follows a resize" {
    # shellcheck disable=SC2016
    attempt on_tty --size 30x100 --on ready 'some words\n' --resize-on again 41x123 -- run --rm -it --network none busybox sh -c '
        tty; test -t 0 && test -t 1 && test -t 2 && echo terminals
        n=0; while [ "$(stty size)" != "30 100" ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done
        stty size; echo ready; read -r words; echo "read: $words"
        echo again; n=0; while [ "$(stty size)" = "30 100" ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done
        stty size; stat -c "%u:%g %a" /dev/pts/0; ls -l /dev/console | cut -c 1; exit 42'
    status_is 42
    has /dev/pts/0 terminals "30 100" "read: some words" "41 123" c
}

# --- a container that stays ---------------------------------------------------------------------------------------------
# bats test_tags=quick
@test "exec: output, exit status, environment, directory" {
    [ -e "$BATS_FILE_TMPDIR/stay" ] || run_none -d --name stay -e FOO=bar -w /tmp busybox sleep 1000
    # shellcheck disable=SC2016
    attempt engine exec -e MORE=1 stay sh -c 'echo "$FOO $MORE $PWD"; cat /proc/self/cgroup; exit 12'
    status_is 12
    has "bar 1 /tmp" 0::/
}

@test "exec: lands in the container's cgroup, namespaces, filter and capabilities" {
    # shellcheck disable=SC2016
    attempt engine exec -e "HOST_NS=$(host_namespaces)" stay sh -c "$(cat "$LIB/probe.sh")"
    status_is 0
    has pids.max=50 memory.max=100663296 Seccomp=2 "namespace pid: its own" "namespace net: its own" \
        "namespace mnt: its own" "namespace cgroup: its own" cgroup=0::/ "descriptors=0 1 2 3 "
    case $ENGINE in
    docker) has CapEff=00000000a80425fb "label=docker-default (enforce)" ;;
    podman) has CapEff=00000000800405fb ;;
    esac
}

@test "exec -u, -w, --privileged" {
    attempt engine exec -u 1000:2000 -w / --privileged stay sh -c 'id -u; id -g; pwd; grep CapBnd /proc/self/status'
    status_is 0
    has 1000 2000 /
    matches '^CapBnd:.000001ffffffffff$'
}

@test "exec -it: a terminal" {
    # shellcheck disable=SC2016
    attempt on_tty --size 20x70 --on ready 'x y\n' -- exec -it stay sh -c 'test -t 0 && echo terminal; echo ready; read -r w; echo "read: $w"; exit 43'
    status_is 43
    has terminal "read: x y"
}

@test "exec of what is not there and of what is no program" {
    # Docker's client gives an exec 126 for either.
    attempt engine exec stay no-such-program
    case $ENGINE in docker) status_is 126 ;; podman) status_is 127 ;; esac
    matches 'executable file .*not found'
    attempt engine exec stay /etc/passwd
    status_is 126
}

@test "exec -i through a pipe" {
    attempt engine exec -i stay wc -c < <(head -c 100000 /dev/zero)
    status_is 0
    has 100000
}

@test "top shows the container's processes" {
    attempt engine top stay
    status_is 0
    matches 'sleep 0.2|sh -c|sleep'
    [ "$(wc -l <<<"$output")" -ge 2 ]
}

@test "--pid=container: sees the other's processes, in its own root" {
    # shellcheck disable=SC2016
    attempt run_none --rm --pid container:stay busybox sh -c 'tr "\0" " " </proc/1/cmdline; echo; [ $$ -ne 1 ] && echo "not 1"; cat /proc/self/cgroup'
    status_is 0
    matches '^sh -c trap'
    has "not 1"
}

@test "--network, --ipc container: joins the other's" {
    local pid
    pid=$(inspect stay '{{.State.Pid}}')
    # Docker's default IPC namespace is private: only the network is joined there.
    attempt engine run --rm --network container:stay busybox readlink /proc/self/ns/net
    status_is 0
    has "$(readlink "/proc/$pid/ns/net")"
}

@test "kill: a signal arrives; logs show it" {
    engine kill -s USR1 stay
    heard() { engine logs stay | grep -qx usr1; }
    eventually 15 heard
}

@test "stop: TERM first, and the exit status is the program's" {
    engine stop -t 20 stay
    equal "$(inspect stay '{{.State.Status}} {{.State.ExitCode}}')" "exited 5"
}

@test "exec in a stopped container fails" {
    attempt engine exec stay true
    [ "$status" -ne 0 ]
    matches 'not running|can only create exec sessions on running'
}

@test "start: runs again; kill ends it as 137; rm -f" {
    engine start stay
    equal "$(inspect stay '{{.State.Running}}')" true
    attempt engine logs stay
    equal "$(grep -cx up <<<"$output")" 2
    engine kill stay
    ended() { [ "$(inspect stay '{{.State.Status}} {{.State.ExitCode}}')" = "exited 137" ]; }
    eventually 15 ended
    remove stay
}

@test "stop: who ignores TERM is killed when the time is up" {
    run_none -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 0.2; done'
    engine stop -t 1 deaf
    equal "$(inspect deaf '{{.State.ExitCode}}')" 137
    remove deaf
}

# --- how a run ends -----------------------------------------------------------------------------------------------------
# bats test_tags=quick
@test "exit status: the program's own, 127 for what is not in PATH" {
    attempt run_none --rm busybox sh -c 'exit 77'
    status_is 77
    attempt run_none --rm busybox no-such-program
    status_is 127
    matches 'executable file .*not found'
}

@test "exit status: 127 for a path that is not there, 126 for a file that is no program" {
    attempt run_none --rm busybox /no/such/program
    status_is 127
    matches 'no such file or directory'
    attempt run_none --rm busybox /etc/passwd
    status_is 126
    matches '[Pp]ermission denied'
}

@test "exit status: 126 for a directory" {
    attempt run_none --rm busybox /tmp
    status_is 126
    matches 'is a directory|permission denied'
}

@test "exit status: 125 when the engine refuses; a refusal of the runtime's for another reason" {
    attempt run_none --rm --no-such-flag busybox true
    status_is 125
    attempt run_none --rm --sysctl kernel.msgmax=words busybox true
    case $ENGINE in docker) status_is 125 ;; podman) status_is 126 ;; esac
    matches 'msgmax'
    matches 'invalid argument'
}

@test "a failed start leaves no container behind that cannot be removed" {
    attempt run_none --name broken busybox /no/such/program
    status_is 127
    remove broken
}

# --- the whole picture --------------------------------------------------------------------------------------------------
@test "inside, everything looks as under runc" { looks_as_under_runc locked plain person privileged; }

@test "nothing is left on the machine" {
    remove_all
    attempt diff "$BATS_FILE_TMPDIR/before" <(traces)
    output=$(grep '^>' <<<"$output" || true)
    [ -z "$output" ] || { echo "left:" && echo "$output" && false; }
}
