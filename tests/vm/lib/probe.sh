# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash disable=SC2012
# Runs inside a container, in busybox's shell: say what this process finds itself in, one fact a line, without
# anything that differs from run to run, so that two runtimes' answers can be compared line by line.
# HOST_NS: the host's namespaces, "pid:[4026531836] net:[...] ...".
MASKED="/proc/kcore /proc/keys /proc/timer_list /proc/acpi /proc/scsi /sys/firmware /proc/interrupts /proc/asound
/proc/latency_stats /proc/sched_debug /sys/devices/virtual/powercap /sys/fs/selinux"
MASKED=$(echo "$MASKED" | tr "\n" " ")
# Every process counts: an emulated fork is slow, hence no loop below that starts several.

echo "id=$(id -u):$(id -g) groups=$(id -G)"
# Not set: the engine's id for it.
echo "hostname=$(hostname | sed 's/^[0-9a-f]\{12\}$/(the id)/')"
echo "cwd=$(pwd)"
echo "umask=$(umask)"
sed -n 's/^\(Cap...\|NoNewPrivs\|Seccomp\|Seccomp_filters\|SigBlk\|SigIgn\):[[:space:]]*/\1=/p' /proc/self/status
echo "nofile=$(ulimit -Sn):$(ulimit -Hn)"
sed -n '2,$s/^/limit /p' /proc/self/limits
echo "oom_score_adj=$(cat /proc/self/oom_score_adj)"
# A label that confines nothing comes from where the runtime is installed.
echo "label=$(sed 's/^[^ ]* (unconfined)$/unconfined/' /proc/self/attr/current 2>/dev/null)"
echo "links=$(ls /sys/class/net | tr '\n' ' ')"
for file in pids.max memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus io.weight hugetlb.2MB.max; do
    echo "$file=$(cat /sys/fs/cgroup/$file 2>/dev/null)"
done
echo "cgroup=$(cat /proc/self/cgroup)"
echo "uid_map=$(tr -s ' ' </proc/self/uid_map)"
for ns in cgroup ipc mnt net pid time user uts; do
    own=$(readlink /proc/self/ns/$ns)
    case " $HOST_NS " in
    *" $own "*) echo "namespace $ns: the host's" ;;
    *) echo "namespace $ns: its own" ;;
    esac
done
# Field 4 is the root inside the file system, 5 the target, 6 its options, then optional fields up to "-", then the
# type. What is behind a masked path is told below by what it does; options of a superblock are the engine's.
sed -e 's/ \(shared\|master\|propagate_from\):[0-9]*/ \1/g' /proc/self/mountinfo | while read -r _ _ _ root target options rest; do
    case " $MASKED " in *" $target "*) continue ;; esac
    fs=${rest##*- }
    case ${fs%% *}:$root in
    overlay:*) root=/ ;;
    *:/var/lib/docker/* | *:/var/lib/containers/* | *:/var/lib/containerd/* | *:*/containerd/* | *:*/io.containerd.* | *:/run/containers/* | *:/containers/* | *:*/userdata/*) root=... ;;
    esac
    echo "mount $target $options ${rest%%-*}${fs%% *} root $root"
done | sort -s -k 2,2
find /dev ! -path '/dev/loop*' ! -path '/dev/pts/*' ! -path '/dev/shm/*' ! -path '/dev/mqueue/*' \
    -exec stat -c '%A %u:%g %t:%T %N' {} + | sed 's/^\([^/]*\) '\''\?\([^'\'' ]*\)'\''\?/dev \2 \1/; s/\[[0-9]*\]/[N]/' | sort
for path in $MASKED; do
    [ -e "$path" ] && echo "masked $path: $(stat -c '%F' "$path"), $(head -c 1 "$path" 2>/dev/null | wc -c) byte(s), $(ls "$path" 2>/dev/null | wc -l) name(s)"
done
for path in / /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel /sys/fs/cgroup/cgroup.procs; do
    if [ -d "$path" ]; then
        if mkdir "$path/probe" 2>/dev/null; then rmdir "$path/probe" && echo "write $path: can"; else echo "write $path: cannot"; fi
    elif [ -e "$path" ]; then
        if true 2>/dev/null >>"$path"; then echo "write $path: can"; else echo "write $path: cannot"; fi
    fi
done
echo "ping_group_range=$(tr '\t' ' ' </proc/sys/net/ipv4/ping_group_range)"
echo "unprivileged_port_start=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
# By the shell itself, whose descriptor of the directory is the 3: in a pipe its other end might still be there.
list=
for fd in /proc/$$/fd/*; do list="$list${fd##*/} "; done
echo "descriptors=$list"
echo "pid=$$ ppid=$(sed -n 's/^PPid:.//p' /proc/$$/status) session=$(cut -d ' ' -f 6 /proc/$$/stat)"
env | grep -v '^HOST_NS=\|^HOSTNAME=' | sort | sed 's/^/env /'
