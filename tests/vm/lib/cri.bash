# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# (SC2016: jq's variables.) Pods and containers through containerd's CRI, as kubelet asks for them. $RUNTIME and $ENGINE
# (cri-systemd: the handler with SystemdCgroup) come from the runner.

# shellcheck source=/dev/null
source "$BATS_TEST_DIRNAME/../lib/engine.bash"

CRI=$BATS_FILE_TMPDIR/cri
case $ENGINE in
cri-systemd) HANDLER=$RUNTIME-systemd PARENT=/kubepods.slice/kubepods-$RUNTIME.slice PARENT_PATH=$PARENT ;;
*) HANDLER=$RUNTIME PARENT=/kubepods/$ENGINE-$RUNTIME PARENT_PATH=/kubepods/$ENGINE-$RUNTIME ;;
esac

cri_start() {
    mkdir -p "$CRI/logs"
    mkfifo "$CRI/answer"
    "$LIB/cri" serve "$CRI" >"$CRI/said" 2>&1 3>&- &
    echo $! >"$CRI/pid"
    eventually 300 test -p "$CRI/requests"
}
cri_stop() { [ ! -p "$CRI/requests" ] || echo '{"stop": true}' >"$CRI/requests"; }

# ask JQ-FILTER [JQ-OPTIONS]: the request is what jq makes of {}; the answer is in $output, the status 1 for an error.
ask() {
    local filter=$1 answer
    shift
    answer=$(mktemp -u "$CRI/answer.XXXXXX")
    mkfifo "$answer"
    exec {fd}<>"$answer"
    # The filter first: after --args everything is an argument.
    jq -cn "{answer: \$answer} + ($filter)" --arg answer "$answer" "$@" >"$CRI/requests"
    IFS= read -r -t 200 output <&"$fd" || output='{"error": "no answer came"}'
    exec {fd}<&-
    rm "$answer"
    status=0
    [[ $output != '{"error"'* ]] || status=1
}
# call METHOD [JQ-FILTER [JQ-OPTIONS]]: it must succeed.
call() {
    try_call "$@"
    [ "$status" -eq 0 ] || { printf '%s: %s\n' "$1" "$output" && return 1; }
}
try_call() {
    local method=$1 message=${2:-"{}"}
    shift
    [ $# -eq 0 ] || shift
    ask "{call: \$method, with: ($message)}" --arg method "$method" "$@"
}
answer() { jq -r "$1" <<<"$output"; }

# What kubelet hides by default.
HIDDEN='masked_paths: ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
  readonly_paths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]'

# pod NAME [JQ]: JQ changes the sandbox's configuration; its id is in the file pod.NAME, the configuration beside it.
pod() {
    local name=$1
    jq -n --arg name "$name" --arg parent "$PARENT" --arg logs "$CRI/logs" --arg uid "$ENGINE-$RUNTIME-$name-$RANDOM" "
        {metadata: {name: \$name, uid: \$uid, namespace: \"default\"}, hostname: \$name, log_directory: \$logs,
         dns_config: {servers: [\"10.9.8.7\"]},
         linux: {cgroup_parent: \$parent, security_context: {namespace_options: {pid: \"CONTAINER\"},
                 seccomp: {profile_type: \"RuntimeDefault\"}}}} | ${2:-.}" >"$CRI/config.$name"
    call RunPodSandbox '{config: $config[0], runtime_handler: $handler}' --slurpfile config "$CRI/config.$name" --arg handler "$HANDLER"
    answer .pod_sandbox_id | tee -a "$CRI/ids" >"$CRI/pod.$name"
}
pod_id() { cat "$CRI/pod.$1"; }
drop_pod() {
    call StopPodSandbox '{pod_sandbox_id: $id}' --arg id "$(pod_id "$1")"
    call RemovePodSandbox '{pod_sandbox_id: $id}' --arg id "$(pod_id "$1")"
    rm "$CRI/pod.$1"
}

# A pod whose own test broke off goes with the test.
drop_pods_but_main() {
    local file
    for file in "$CRI"/pod.*; do
        case $file in */pod.main | *'*') continue ;; esac
        drop_pod "${file##*/pod.}" || return 1
    done
}

# container POD NAME JQ ARGS...: created and started; its id is in id.NAME.
create_container() {
    local pod=$1 name=$2 change=$3
    shift 3
    try_call CreateContainer "{pod_sandbox_id: \$pod, sandbox_config: \$config[0], config: (
        {metadata: {name: \$name}, image: {image: \"localhost/busybox:1\"}, command: \$ARGS.positional, log_path: (\$name + \".log\"),
         linux: {resources: {}, security_context: {namespace_options: {pid: \"CONTAINER\"},
                 seccomp: {profile_type: \"RuntimeDefault\"}, $HIDDEN}}} | ${change:-.})}" \
        --arg pod "$(pod_id "$pod")" --slurpfile config "$CRI/config.$pod" --arg name "$name" --arg dir "$BATS_FILE_TMPDIR" \
        --arg host "$(host_namespaces)" --arg loop "$(cat "$BATS_FILE_TMPDIR/loop")" --args -- "$@"
    [ "$status" -eq 0 ] || return 0
    answer .container_id | tee -a "$CRI/ids" >"$CRI/id.$name"
}
try_container() {
    create_container "$@"
    [ "$status" -ne 0 ] || try_call StartContainer '{container_id: $id}' --arg id "$(id_of "$2")"
}
container() {
    try_container "$@"
    [ "$status" -eq 0 ] || { echo "$output" && return 1; }
}
id_of() { cat "$CRI/id.$1"; }
# status_of NAME JQ: of a container's status.
status_of() {
    call ContainerStatus '{container_id: $id}' --arg id "$(id_of "$1")"
    answer ".status | $2"
}
state_is() { [ "$(status_of "$1" '.state // "CONTAINER_CREATED"')" = "CONTAINER_$2" ]; }
exited() { eventually "${2:-60}" state_is "$1" EXITED; }
# said NAME [stdout|stderr]: its log, without the time stamps and tags of the CRI's format.
said() { sed -n "s/^[^ ]* ${2:-[a-z]*} [FP] //p" "$CRI/logs/$1.log"; }
has_said() { said "$1" | grep -qE -- "$2"; }
stop_container() { call StopContainer '{container_id: $id, timeout: $s}' --arg id "$(id_of "$1")" --argjson s "${2:-0}"; }
drop_container() { call RemoveContainer '{container_id: $id}' --arg id "$(id_of "$1")"; }
pid_in() {
    call ContainerStatus '{container_id: $id, verbose: true}' --arg id "$(id_of "$1")"
    answer '.info.info | fromjson | .pid'
}
group_of() { sed -n 's/^0::/\/sys\/fs\/cgroup/p' "/proc/$(pid_in "$1")/cgroup"; }
# exec_sync NAME ARGS...: as bats' `run`
exec_sync() {
    local name=$1 reply
    shift
    try_call ExecSync '{container_id: $id, cmd: $ARGS.positional, timeout: 60}' --arg id "$(id_of "$name")" --args -- "$@"
    [ "$status" -eq 0 ] || return 0
    reply=$output
    status=$(jq -r '.exit_code // 0' <<<"$reply")
    output=$(jq -r '(.stdout // "" | @base64d) + (.stderr // "" | @base64d)' <<<"$reply")
}
# stream VERB NAME JQ-OF-THE-REQUEST ARGS...: $output and $status as kubectl would have them.
stream() {
    local verb=$1 name=$2 change=$3 reply
    shift 3
    ask "{stream: \$verb, with: {container_id: \$id, cmd: \$ARGS.positional, stdout: true, stderr: true}, seconds: 60} |
        (if \$verb == \"Attach\" then del(.with.cmd) else . end) | if .with.tty then .with.stderr = false else . end | $change |
        if .with.tty then .with.stderr = false else . end" \
        --arg verb "$verb" --arg id "$(id_of "$name")" --args -- "$@"
    reply=$output
    echo "$reply"
    output=$(jq -r '(.stdout // "") + (.stderr // "") + (.error // "") + (.broken // "")' <<<"$reply")
    status=$(jq -r 'if .error or .broken then "none" elif .status.status == "Success" then 0
        else .status.details.causes[0].message // .status.message // "none" end' <<<"$reply")
}
PROBE=$(cat "$LIB/probe.sh")

# What this suite's pods leave on a machine when they are not cleared away.
cri_traces() {
    find "/sys/fs/cgroup$PARENT_PATH" -mindepth 1 -type d 2>/dev/null || true
    {
        ls /run/containerd/runc/k8s.io
        cut -d ' ' -f 5 /proc/self/mountinfo
        systemctl list-units --all --no-legend --plain 'cri-containerd-*'
    } | grep -F -f "$CRI/ids" || true
}
