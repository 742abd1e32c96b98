#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes bundle D of bundle A's config.json: what an engine such as Docker adds to every container, with a seccomp profile
of the size of a real one: an allow list of most system calls this machine names, for three architectures."""

import json
import re
import sys

NOT_ALLOWED = set("""acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module fsconfig
    fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm
    iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr move_mount move_pages
    nfsservctl open_by_handle_at open_tree perf_event_open pivot_root process_vm_readv process_vm_writev ptrace query_module
    quotactl quotactl_fd reboot request_key set_mempolicy setns settimeofday stime swapoff swapon _sysctl sysfs umount
    umount2 unshare uselib userfaultfd ustat vhangup vm86 vm86old clone clone3 personality""".split())


def names():
    found = set()
    for path in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h",
                 "/usr/include/asm-generic/unistd.h"):
        try:
            with open(path) as file:
                found |= set(re.findall(r"#define __NR\d*_(\w+)\s", file.read()))
        except FileNotFoundError:
            pass
    return sorted(found - NOT_ALLOWED)


def allow(calls, **more):
    return {"names": calls, "action": "SCMP_ACT_ALLOW", **more}


def main():
    with open(sys.argv[1]) as file:
        config = json.load(file)
    process, linux = config["process"], config["linux"]
    caps = ["CAP_" + name for name in """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP
            NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE""".split()]
    process.update(noNewPrivileges=False, oomScoreAdj=0, rlimits=[], apparmorProfile="",
                   capabilities={kind: caps for kind in ("bounding", "effective", "permitted")})
    process["env"] = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=bench"]
    config["hostname"] = "0123456789ab"
    config["mounts"] += [
        {"destination": "/etc/" + name, "type": "bind", "source": "/bench/" + name, "options": ["rbind", "rprivate"]}
        for name in ("resolv.conf", "hostname", "hosts")]
    linux["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}
    linux["maskedPaths"] = ["/proc/" + name for name in """acpi asound interrupts kcore keys latency_stats sched_debug scsi
                            timer_list timer_stats""".split()] + ["/sys/devices/virtual/powercap", "/sys/firmware"]
    linux["readonlyPaths"] = ["/proc/" + name for name in "bus fs irq sys sysrq-trigger".split()]
    linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}] + [
        {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
        for major, minor in ((1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1))] + [
        {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}
    personalities = [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"} for value in (0, 8, 0x20000, 0x20008, 0xffffffff)]
    linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [allow(names())] + [allow(["personality"], args=[test]) for test in personalities] + [
            allow(["clone"], args=[{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]),
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
    json.dump(config, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
