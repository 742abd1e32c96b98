#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What kubelet asks of containerd's CRI plugin, each case with every runtime as a handler (what a RuntimeClass names). What
# depends on the cgroup driver is in cri-cgroups.bats.
# vm-runtimes: runc crun mayfly
# vm-needs: cri
# vm-beside: yes
# shellcheck disable=SC2016 # jq's variables, and those of the shells in the containers

load ../lib/cri.bash

setup_file() {
    local dir=$BATS_FILE_TMPDIR
    cri_start
    mkdir -p "/sys/fs/cgroup$PARENT"

    mkdir -p "$dir/ro" "$dir/rw"
    echo from-the-host >"$dir/ro/file"
    : >"$dir/message"
    truncate -s 1M "$dir/disk"
    printf LOOPDISK | dd of="$dir/disk" conv=notrunc status=none
    losetup --find --show "$dir/disk" >"$dir/loop"

    # One pod for what need not be alone.
    pod main '.linux.sysctls = {"net.ipv4.ip_unprivileged_port_start": "70", "kernel.shm_rmid_forced": "1"}'
    # shellcheck disable=SC2016 # jq's variables
    container main locked '.envs = [{key: "HOST_NS", value: $host}, {key: "GREETING", value: "hello  world"}] |
        .working_dir = "/home/app" | .linux.resources = {cpu_period: 100000, cpu_quota: 50000, cpu_shares: 512,
            memory_limit_in_bytes: 67108864, oom_score_adj: 321, cpuset_cpus: "0", unified: {"memory.high": "60000000"}} |
        .linux.security_context |= (. + {run_as_user: {value: 1000}, run_as_group: {value: 1000}, supplemental_groups: [2000],
            readonly_rootfs: true, no_new_privs: true, capabilities: {drop_capabilities: ["ALL"], add_capabilities: ["NET_BIND_SERVICE"]}})' \
        sh -c "$PROBE"
    container main plain '.envs = [{key: "HOST_NS", value: $host}]' sh -c "$PROBE"
    container main stay '.envs = [{key: "FOO", value: "bar"}] | .working_dir = "/tmp" |
        .linux.resources = {memory_limit_in_bytes: 100663296, cpu_period: 100000, cpu_quota: 80000} |
        .devices = [{host_path: $loop, container_path: "/dev/xloop", permissions: "r"}] |
        .mounts = [{host_path: ($dir + "/ro"), container_path: "/mnt/ro", readonly: true},
                   {host_path: ($dir + "/rw"), container_path: "/mnt/rw", propagation: "PROPAGATION_HOST_TO_CONTAINER"},
                   {host_path: ($dir + "/message"), container_path: "/dev/termination-log"},
                   {host_path: "/job/helper", container_path: "/usr/bin/helper", readonly: true}]' \
        sh -c 'trap "exit 5" TERM; echo out; echo err >&2; echo it is done >/dev/termination-log; while :; do sleep 0.2; done'
    exited locked 90
    exited plain 90
}

teardown_file() {
    cri_stop
    losetup -d "$(cat "$BATS_FILE_TMPDIR/loop")"
}

teardown() { drop_pods_but_main; }

recall_log() { output=$(said "$1"); }

# --- the pod ------------------------------------------------------------------------------------------------------------
@test "a pod has an address of its own, a name and a gateway that answers" {
    call PodSandboxStatus '{pod_sandbox_id: $id}' --arg id "$(pod_id main)"
    equal "$(answer .status.state)" null # ready is the enum's zero
    [[ $(answer .status.network.ip) == 10.77.* ]]
    exec_sync stay sh -c 'hostname; ip -4 -o addr show eth0; cat /etc/resolv.conf; nc -w 5 10.77.0.1 9 </dev/null; true'
    has main "nameserver 10.9.8.7"
    matches 'inet 10\.77\.'
    matches 'connection refused'
}

@test "sysctls of the pod" {
    exec_sync stay cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced
    equal "$output" $'70\n1'
}

@test "the containers of a pod share network, IPC and UTS namespaces, and nothing else" {
    local kind pid
    container main other '' sleep 1000
    pid=$(pid_in other)
    exec_sync stay sh -c 'for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done'
    for kind in net ipc uts; do has "$(readlink "/proc/$pid/ns/$kind")"; done
    for kind in pid mnt; do lacks "${kind}:.$(stat -L -c %i "/proc/$pid/ns/$kind")"; done
}

# --- what a container is given --------------------------------------------------------------------------------------------
@test "a user with groups, no capability but one, no new privileges, RuntimeDefault, a read-only root" {
    recall_log locked
    has "id=1000:1000 groups=1000 2000" CapBnd=0000000000000400 NoNewPrivs=1 Seccomp=2 "write /: cannot" cwd=/home/app \
        "env GREETING=hello  world"
}

@test "the default container: its own namespaces, capabilities, AppArmor, masked and read-only paths" {
    recall_log plain
    has "namespace pid: its own" "namespace net: its own" "namespace cgroup: its own" "namespace user: the host's" \
        CapEff=00000000a80425fb Seccomp=2 "write /proc/sysrq-trigger: cannot" "label=cri-containerd.apparmor.d (enforce)" \
        cgroup=0::/ "masked /proc/kcore: character special file, 0 byte(s), 1 name(s)"
    matches '^pid=1 ppid=0 session=1$'
}

@test "RuntimeDefault: refuses what it does not list, and does not have what is newer than it" {
    exec_sync stay sh -c 'for call in mkdir keyctl unshare-user unknown; do helper call $call; done'
    has "mkdir ok" "keyctl EPERM" "unshare-user EPERM"
    # crun takes the profile at its word, and a libc that tries a new call first gets EPERM instead of ENOSYS.
    [ "$RUNTIME" = crun ] || has "unknown ENOSYS"
}

# localhost_profile NAME JSON: a profile of the node's, as kubelet names it to the runtime. The test says in the container's
# configuration: seccomp: (localhost NAME).
localhost_profile() { jq -n "$2" --arg dir "$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/$1.json"; }

@test "a seccomp profile of the node's" {
    localhost_profile mine '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 18}]}'
    container main profiled '.linux.security_context.seccomp = {profile_type: "Localhost", localhost_ref: ($dir + "/mine.json")}' \
        sh -c 'grep Seccomp: /proc/self/status; mkdir /tmp/one; ls -d /tmp/one'
    exited profiled
    output=$(said profiled)
    matches '^Seccomp:.2$'
    matches 'cross-device link'
    matches "/tmp/one.*no such file"
}

@test "seccomp: an agent of the node's decides the calls" {
    local dir=$BATS_FILE_TMPDIR agent
    rm -f "$dir/agent.sock"
    timeout 200 "$LIB/seccomp-agent" "$dir/agent.sock" EXDEV fake continue >"$dir/agent" 2>&1 3>&- &
    agent=$!
    eventually 30 test -S "$dir/agent.sock"
    localhost_profile asked '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: ($dir + "/agent.sock"), listenerMetadata: "of this pod",
        syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
    container main asking '.linux.security_context.seccomp = {profile_type: "Localhost", localhost_ref: ($dir + "/asked.json")}' sh -c '
        mkdir /tmp/one; mkdir /tmp/two && [ ! -e /tmp/two ] && echo "two: told so"; mkdir /tmp/three && [ -d /tmp/three ] && echo "three: made"'
    exited asking
    output=$(said asking)
    matches 'cross-device link'
    has "two: told so" "three: made"
    wait "$agent"
    output=$(head -n 1 "$dir/agent" | jq -r '.metadata, .state.id, (.pid > 1), .state.status')
    equal "$output" "of this pod"$'\n'"$(id_of asking)"$'\ntrue\ncreating'
    equal "$(tail -n +2 "$dir/agent" | cut -d ' ' -f 2 | tr '\n' ' ')" "EXDEV fake continue "
}

@test "an AppArmor profile that the node has loaded; one that it has not is refused" {
    local dir=$BATS_FILE_TMPDIR
    printf 'profile mayfly-node flags=(attach_disconnected,mediate_deleted) {\n  file,\n  capability,\n  signal,\n  deny /tmp/secret* w,\n}\n' |
        apparmor_parser --replace --skip-cache
    container main labelled '.linux.security_context.apparmor = {profile_type: "Localhost", localhost_ref: "mayfly-node"}' \
        sh -c 'cat /proc/self/attr/current; echo >/tmp/open && echo "open: can"; echo >/tmp/secret || echo "secret: cannot"; sleep 1000'
    eventually 20 has_said labelled '^secret: cannot$'
    output=$(said labelled)
    has "mayfly-node (enforce)" "open: can"
    exec_sync labelled sh -c 'cat /proc/self/attr/current; echo >/tmp/secret-too || echo "secret: cannot"'
    has "mayfly-node (enforce)" "secret: cannot"
    try_container main unlabelled '.linux.security_context.apparmor = {profile_type: "Localhost", localhost_ref: "nobody-loaded-this"}' true
    [ "$status" -ne 0 ]
    matches 'nobody-loaded-this'
}

@test "mounts: read-only, read-write, and one that the host makes later" {
    local dir=$BATS_FILE_TMPDIR
    exec_sync stay sh -c 'cat /mnt/ro/file; echo no >/mnt/ro/new; echo "ro write: $?"; echo inside >/mnt/rw/new; echo "rw write: $?"'
    has from-the-host "ro write: 1" "rw write: 0"
    equal "$(cat "$dir/rw/new")" inside
    mkdir "$dir/rw/later"
    mount -t tmpfs tmpfs "$dir/rw/later"
    touch "$dir/rw/later/seen"
    exec_sync stay ls /mnt/rw/later
    umount "$dir/rw/later"
    equal "$output" seen
}

@test "devices: what was granted is there, as asked; nothing else opens" {
    exec_sync stay sh -c 'head -c 8 /dev/xloop; echo; echo no 2>/dev/null >/dev/xloop; echo "write: $?"
        [ -e /dev/kmsg ]; echo "kmsg: $?"; mknod /dev/xmem c 1 1; head -c 1 /dev/xmem; echo "other: $?"; ls -la /dev/xloop'
    has LOOPDISK "write: 1" "kmsg: 1" "other: 1"
}

@test "the log has standard output and errors, each line with its stream" {
    equal "$(said stay stdout)" out
    equal "$(said stay stderr)" err
}

@test "the termination message" {
    equal "$(cat "$BATS_FILE_TMPDIR/message")" "it is done"
}

# --- in a container that runs ----------------------------------------------------------------------------------------------
@test "ExecSync: output, errors, exit status, environment, directory" {
    exec_sync stay sh -c 'echo "$FOO $PWD"; echo wrong >&2; cat /proc/self/cgroup; exit 12'
    status_is 12
    has "bar /tmp" wrong 0::/
}

@test "ExecSync: as the container's program, line by line" {
    container main probed '.envs = [{key: "HOST_NS", value: $host}]' sh -c 'sleep 1000'
    exec_sync probed sh -c "$PROBE"
    status_is 0
    has Seccomp=2 CapEff=00000000a80425fb "label=cri-containerd.apparmor.d (enforce)" cgroup=0::/ "descriptors=0 1 2 3 "
    attempt diff <(grep -v '^pid=\|^descriptors=\|^SigIgn=\|^SigBlk=' <<<"$output") \
        <(said plain | grep -v '^pid=\|^descriptors=\|^SigIgn=\|^SigBlk=')
    status_is 0
}

@test "ExecSync: of what is not there, and of what is no program" {
    exec_sync stay no-such-program
    [ "$status" -ne 0 ]
    matches 'executable file.* not found'
    exec_sync stay /etc/passwd
    [ "$status" -ne 0 ]
    matches 'permission denied'
}

@test "ExecSync: one that takes too long is ended" {
    try_call ExecSync '{container_id: $id, cmd: ["sleep", "1000"], timeout: 2}' --arg id "$(id_of stay)"
    equal "$status" 1
    matches 'deadline|timeout|timed out'
    exec_sync stay ps
    lacks 'sleep 1000'
}

@test "Exec: standard input, output and errors apart, the exit status" {
    stream Exec stay '.with.stdin = true | .after = "ready" | .input = "some words\n"' \
        sh -c 'test -t 0 || echo no terminal; echo ready; read -r w; echo "read: $w"; echo wrong >&2; exit 42'
    status_is 42
    has "no terminal" "read: some words" wrong
}

@test "Exec: on a terminal of the right size" {
    stream Exec stay '.with.stdin = true | .with.tty = true | .size = [100, 30] | .after = "ready" | .input = "x y\n"' sh -c '
        tty; n=0; while [ "$(stty size)" != "30 100" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
        stty size; echo ready; read -r w; echo "read: $w"; exit 43'
    status_is 43
    has "30 100" "read: x y"
    matches '^/dev/pts/'
}

@test "Exec: of what is not there fails, and says so" {
    stream Exec stay . no-such-program
    [ "$status" != 0 ]
    [[ $output$status =~ executable\ file.*not\ found ]]
}

@test "Attach: to standard input and output" {
    container main reader '.stdin = true | .stdin_once = true' sh -c 'read -r w; echo "read: $w"; echo wrong >&2'
    stream Attach reader '.with.stdin = true | .input = "hello\n"'
    has "read: hello" wrong
    exited reader
}

@test "Attach: to a terminal" {
    container main person '.stdin = true | .tty = true' sh -c 'read -r w; test -t 0 && test -t 1 && test -t 2 && echo "terminals: $w"'
    stream Attach person '.with.stdin = true | .with.tty = true | .input = "hello\n"'
    has "terminals: hello"
    exited person
    has_said person 'terminals: hello'
}

# --- how it ends ------------------------------------------------------------------------------------------------------------
@test "StopContainer: TERM first, and the exit status is the program's" {
    container main polite '' sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.2; done'
    eventually 20 has_said polite up
    stop_container polite 30
    equal "$(status_of polite '"\(.state) \(.exit_code) \(.reason)"')" "CONTAINER_EXITED 5 Error"
}

@test "StopContainer: who ignores TERM is killed when the time is up" {
    container main deaf '' sh -c 'trap "" TERM; echo up; while :; do sleep 0.2; done'
    eventually 20 has_said deaf up
    stop_container deaf 1
    equal "$(status_of deaf .exit_code)" 137
}

@test "a program that ends: Completed, or Error and its status" {
    container main fine '' true
    exited fine
    equal "$(status_of fine '"\(.exit_code // 0) \(.reason)"')" "0 Completed"
    container main bad '' sh -c 'exit 77'
    exited bad
    equal "$(status_of bad '"\(.exit_code) \(.reason)"')" "77 Error"
}

@test "a program that is not there: StartError, and the message names it" {
    try_container main broken '' /no/such/program
    [ "$status" -ne 0 ]
    matches '/no/such/program.*no such file or directory'
    equal "$(status_of broken '"\(.exit_code) \(.reason)"')" "128 StartError"
}

# --- other pods --------------------------------------------------------------------------------------------------------------
@test "a shared pid namespace: the pause program is 1, and a container's children die with it" {
    pod shared '.linux.security_context.namespace_options.pid = "POD"'
    container shared first '.linux.security_context.namespace_options.pid = "POD"' sh -c 'setsid sleep 4321 & echo "pid $$"; tr "\0" " " </proc/1/cmdline; echo; sleep 1000'
    container shared second '.linux.security_context.namespace_options.pid = "POD"' sleep 1000
    eventually 20 has_said first '^pid '
    output=$(said first)
    lacks '^pid 1$'
    matches '/pause'
    exec_sync second ps
    matches 'sleep 4321'
    stop_container first 1
    exec_sync second ps
    lacks 'sleep 4321'
    drop_pod shared
}

@test "a container in the pid namespace of another, as kubectl debug has it" {
    container main debug ".linux.security_context.namespace_options += {pid: \"TARGET\", target_id: \"$(id_of stay)\"}" \
        sh -c 'tr "\0" " " </proc/1/cmdline; echo; sleep 1000'
    eventually 20 has_said debug 'trap'
}

@test "privileged: every capability, no filter, the host's devices, a writable /sys and cgroup" {
    pod strong '.linux.security_context.privileged = true | .linux.security_context.seccomp.profile_type = "Unconfined"'
    container strong privileged '.envs = [{key: "HOST_NS", value: $host}] | .linux.security_context |= (del(.masked_paths, .readonly_paths) +
        {privileged: true, seccomp: {profile_type: "Unconfined"}})' sh -c "$PROBE"
    exited privileged 90
    recall_log privileged
    has CapEff=000001ffffffffff CapBnd=000001ffffffffff Seccomp=0 "write /sys/fs/cgroup/cgroup.procs: can" label=unconfined
    matches '^dev /dev/vda brw'
    drop_pod strong
}

@test "hostUsers: false: a user namespace, its root is the host's nobody in particular" {
    local maps='{mode: "POD", uids: [{host_id: 100000, container_id: 0, length: 65536}], gids: [{host_id: 100000, container_id: 0, length: 65536}]}'
    local null
    null=$(stat -c %u:%g /dev/null)
    pod users ".linux.security_context.namespace_options.userns_options = $maps"
    container users mapped ".linux.security_context.namespace_options.userns_options = $maps" \
        sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /root/mine && stat -c "%u:%g" /root/mine /bin/busybox; echo up; sleep 1000'
    eventually 30 has_said mapped up
    output=$(said mapped)
    has 0 " 0 100000 65536" 0:0
    equal "$(stat -c %u "/proc/$(pid_in mapped)")" 100000
    exec_sync mapped id -u
    equal "$output" 0
    # containerd gives the program the host's /dev/null. crun lets the pod's root own it.
    [ "$RUNTIME" = crun ] || equal "$(stat -c %u:%g /dev/null)" "$null"
    chown "$null" /dev/null
    drop_pod users
}

# What containerd 1.7 does not hand on, whatever the runtime. crio.bats has both.
@test "containerd 1.7 has no idmapped volumes and no recursive read-only mounts" {
    local maps='[{host_id: 100000, container_id: 0, length: 65536}]'
    call Status
    equal "$(answer '.runtime_handlers // [] | length')" 0 # where kubelet looks before it asks for either
    pod idmapped ".linux.security_context.namespace_options.userns_options = {mode: \"POD\", uids: $maps, gids: $maps}"
    try_container idmapped volume ".linux.security_context.namespace_options.userns_options = {mode: \"POD\", uids: $maps, gids: $maps} |
        .mounts = [{host_path: (\$dir + \"/rw\"), container_path: \"/mnt\", uidMappings: $maps, gidMappings: $maps}]" true
    echo "$output"
    [ "$status" -ne 0 ]
    drop_pod idmapped
}

# --- the whole picture ----------------------------------------------------------------------------------------------------
@test "inside, everything looks as under runc" {
    local set
    for set in locked plain privileged; do
        said "$set" | sed "s/[0-9a-f]\{64\}/ID/g; s#$PARENT_PATH/#/kubepods/#" >"$BATS_FILE_TMPDIR/$set"
    done
    looks_as_under_runc locked plain privileged
}

@test "nothing is left on the machine" {
    drop_pod main
    rmdir "/sys/fs/cgroup$PARENT"
    equal "$(cri_traces)" ""
}
