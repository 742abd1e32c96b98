# SPDX-License-Identifier: Apache-2.0
"""The torture suite's one table: what is run, under which limits, and the one right answer.

A row says no more than differs from DEFAULTS. "by" names what the verdict hangs on: a way of running that cannot ask
for it (rivals.py) is not asked at all. "facts" are fields of mayfly.result/v1 by their path; ">0", "<N" and "null" are
rules, anything else must be equal. "status" of the command follows from the verdict (ephemeral command line, exit status).

setup: disk       a directory of a real file system at /disk, where written pages are cache and not tmpfs
       host-pid   no PID namespace: process 1 of one cannot be stopped or killed by signals from inside
       filter     seccomp: ptrace kills the process in both ABIs, clone3 fails with ENOSYS, all else is allowed
       ancestor   below a cgroup that has a limit of 48 MiB for all of its children together
       busy       /bin/busy is open for writing
       frozen     below a cgroup that somebody freezes meanwhile
       unread     nobody reads stdout
       clock-back the machine's clock is set back an hour meanwhile
"""

from collections import namedtuple

Case = namedtuple("Case", "name argv verdict proves by limits setup facts")

MIB = 1 << 20
DEFAULTS = {"wall": 6.0, "grace": 0, "memory": 64 * MIB, "pids": 64, "output": MIB}
CASES = []


def case(name, command, verdict, proves, by=None, setup="", facts=None, program="/bin/torture", extra=(), **limits):
    """command: the words behind the program, as one string; extra: words too long to be written here."""
    argv = [program, *command.split(), *extra]
    CASES.append(Case(name, argv, verdict, proves, by, {**DEFAULTS, **limits}, frozenset(setup.split()), facts or {}))


def ended(code):
    return {"exit_code": code, "signal": None}


def died(signal):
    return {"signal": signal, "exit_code": None}


# --- it ends by itself ------------------------------------------------------------------------------------------------
case("exit-0", "exit 0", "ok", "the plain case", facts=ended(0))
for code in 1, 42, 255:
    case("exit-%d" % code, "exit %d" % code, "exit", "an exit code is an exit code", facts=ended(code))
case("exit-124", "exit 124", "exit", "124 is not a timeout, though timeout(1) says so", facts=ended(124))
case("exit-125", "exit 125", "exit", "125 is not an engine that failed", facts=ended(125))
case("exit-126", "exit 126", "exit", "126 is not a program that could not be executed", facts=ended(126))
case("exit-127", "exit 127", "exit", "127 is not a program that was not found", facts=ended(127))
case("exit-137", "exit 137", "exit", "137 is neither a kill nor memory", facts=ended(137))
case("exit-159", "exit 159", "exit", "159 is not a system call", setup="filter", by="filter", facts=ended(159))
case("fault-segv", "fault segv", "signal", "a fault ends also process 1", facts=died(11))
case("fault-ill", "fault ill", "signal", "so does an invalid instruction", facts=died(4))
case("fault-fpe", "fault fpe", "signal", "and a division by zero", facts=died(8))
case("kill-9", "kill 9", "signal", "SIGKILL without the kernel's memory counters is a signal", setup="host-pid",
     facts=died(9))
case("kill-11", "kill 11", "signal", "a signal that somebody sent", setup="host-pid", facts=died(11))
case("kill-15", "kill 15", "signal", "SIGTERM that nobody sent for a deadline", setup="host-pid", facts=died(15))
case("kill-31", "kill 31", "signal", "SIGSYS by kill() is not a forbidden system call", by="filter",
     setup="host-pid filter", facts={**died(31), "syscall": None})
case("kill-9-as-1", "kill 9", "exit", "process 1 does not die of its own SIGKILL", by="pid-1", facts=ended(99))
case("kill-9-reaped", "kill 9", "signal", "but below a reaper it is not process 1", by="reaper", facts=died(9))
case("sigpipe", "sigpipe die", "signal", "SIGPIPE of a pipe of its own", setup="host-pid", facts=died(13))
case("sigpipe-ignored", "sigpipe ignore", "ok", "and who ignores it lives", facts=ended(0))
case("closed-stdout", "closed", "ok", "a closed stdout is not the end", facts=ended(0))

# --- it never started -------------------------------------------------------------------------------------------------
for name, program, proves in (
        ("not-there", "/bin/not-there", "ENOENT"),
        ("not-executable", "/bin/torture-644", "EACCES"),
        ("a-directory", "/tmp", "EACCES of a directory"),
        ("no-format", "/bin/garbage", "ENOEXEC"),
        ("no-interpreter", "/bin/no-interpreter", "ENOENT of what a script names")):
    case(name, "", "start-failed", proves, program=program)
case("too-big", "exit 0", "start-failed", "E2BIG: more words than a small stack allows", stack=512 << 10,
     extra=["x" * 100000, "y" * 100000])
case("busy", "exit 0", "start-failed", "ETXTBSY: somebody writes to the program", setup="busy", program="/bin/busy")
case("no-room-to-exec", "exit 0", "start-failed", "a limit that not even execve() fits into", by="memory",
     memory=64 << 10)

# --- time -------------------------------------------------------------------------------------------------------------
case("sleep-short", "sleep 1", "ok", "one second of six", facts={**ended(0), "time.wall_ns": "<6000000000"})
case("sleep-long", "sleep 3600", "timeout", "the wall clock", by="wall", wall=1.0, facts={"time.cpu_ns": "<900000000"})
case("spin-wall", "spin threads 1", "timeout", "a spinning program and the wall clock", by="wall", wall=1.0)
case("term-ignored", "term ignore", "timeout", "SIGTERM ignored: killed after the grace", by="wall", wall=1.0, grace=0.5,
     facts=died(9))
case("term-exit-0", "term 0", "timeout", "exit 0 in its grace is still a timeout, and the 0 is kept", by="wall", wall=1.0,
     grace=2.0, facts=ended(0))
case("term-exit-7", "term 7", "timeout", "so is exit 7", by="wall", wall=1.0, grace=2.0, facts=ended(7))
case("stop-self", "stop self", "timeout", "SIGSTOP to itself does not beat the clock", by="wall", setup="host-pid", wall=1.0)
case("stop-group", "stop group", "timeout", "nor to its group", by="wall", setup="host-pid", wall=1.0)
case("stop-child", "stop child", "timeout", "nor a child that is waited for", by="wall", wall=1.0)
case("frozen", "sleep 3600", "timeout", "frozen from outside, it is still ended", by="frozen", setup="frozen", wall=3.0)
case("clock-back", "clock 2", "ok", "the machine's clock set back an hour", setup="clock-back",
     facts={**ended(0), "time.wall_ns": "<6000000000"})
case("clock-back-late", "clock 60", "timeout", "a deadline does not move with the machine's clock", by="wall",
     setup="clock-back", wall=2.0)
case("exec-bomb", "exec-bomb", "timeout", "a process that is always a new program", by="wall", wall=1.0)
case("cpu-1", "spin threads 1", "cpu-limit", "processor time of one thread", by="cpu", cpu=1.0, wall=30.0)
case("cpu-threads", "spin threads 4", "cpu-limit", "of four threads together", by="cpu", cpu=1.0, wall=30.0)
case("cpu-processes", "spin processes 4", "cpu-limit", "of four processes together", by="cpu", cpu=1.0, wall=30.0)
case("cpu-not-wall", "sleep 2", "ok", "sleeping takes no processor time", by="cpu", cpu=1.0, facts=ended(0))

# --- processes --------------------------------------------------------------------------------------------------------
case("daemon", "daemon 0", "ok", "a grandchild that keeps stdout open does not prolong it",
     facts={**ended(0), "time.wall_ns": "<4000000000"})
case("daemon-host-pid", "daemon 7", "exit", "nor one that no PID namespace ends", setup="host-pid",
     facts={**ended(7), "time.wall_ns": "<4000000000"})
case("zombies", "zombies 100", "ok", "the dead count as processes too", by="pids", pids=16,
     facts={**ended(0), "pids.hits": ">0"})
case("fork-bomb", "fork-bomb 1", "ok", "a limit that was met is a fact, not the end", by="pids", pids=16, wall=20.0,
     facts={**ended(0), "pids.hits": ">0"})
case("fork-bomb-kill", "fork-bomb 60", "pids-limit", "the end, where that was asked for", by="pids-kill", pids=16,
     wall=20.0, on_pids="kill")
case("vfork-bomb", "vfork-bomb 1", "ok", "with vfork() and execve()", by="pids", pids=16, wall=20.0,
     facts={**ended(0), "pids.hits": ">0"})

# --- memory -----------------------------------------------------------------------------------------------------------
case("anon", "anon 200M", "memory-limit", "plain memory", by="memory", facts={"memory.oom": ">0", "memory.oom_kill": ">0"})
case("anon-fits", "anon 32M", "ok", "half of the limit", by="memory", facts={**ended(0), "memory.oom_kill": 0})
case("file-cache", "file /disk/file 200M", "ok", "200 MB written under 64 MiB: cache is given back", by="memory",
     setup="disk", wall=60.0, facts={**ended(0), "memory.oom_kill": 0, "memory.oom": 0})
case("tmpfs", "file /tmp/file 200M", "memory-limit", "files in a tmpfs are memory", by="memory", tmp=0)
case("memfd", "memfd 200M", "memory-limit", "files without a name are", by="memory")
case("shm", "shm 200M", "memory-limit", "System V shared memory is", by="memory")
case("pipes", "pipes 64M", "memory-limit", "what waits in pipes is", by="memory", memory=24 * MIB, nofile=4096)
case("sockets", "sockets 200M", "memory-limit", "what waits in sockets is", by="memory", memory=24 * MIB, nofile=4096)
case("page-tables", "page-tables 64M", "memory-limit", "page tables are", by="memory", memory=16 * MIB)
case("bss", "", "memory-limit", "memory that the loader promised", by="memory", program="/bin/bss")
case("stack", "stack 200M", "memory-limit", "the stack", by="memory", stack=0)
case("stack-rlimit", "stack 200M", "signal", "a stack that may not grow is a SIGSEGV", stack=8 * MIB, facts=died(11))
case("child-oom-group", "child-anon 200M", "memory-limit", "a child died of memory: with on-oom=group all end",
     by="oom-group", on_oom="group", facts={"memory.oom_kill": ">0"})
case("child-oom-process", "child-anon 200M", "ok", "with on-oom=process the parent decides, and it is a fact", by="memory",
     on_oom="process", facts={**ended(0), "memory.oom_kill": ">0", "hits": ["oom-child"]})
case("ancestor", "anon 200M", "memory-host", "another limit than its own: not its fault", by="memory", setup="ancestor",
     memory=512 * MIB, facts={"memory.oom": 0, "memory.oom_kill": ">0"})

# --- output -----------------------------------------------------------------------------------------------------------
N = 100000
case("output-less", "write %d" % (N - 1), "ok", "a byte less than the limit", output=N, facts={"stdout.truncated": False})
case("output-exact", "write %d" % N, "ok", "the limit exactly", output=N, facts={"stdout.truncated": False})
case("output-more", "write %d" % (N + 1), "output-limit", "a byte more", by="output", output=N,
     facts={"stdout.bytes": N, "stdout.truncated": True})
case("output-bytes", "write %d 1" % 5001, "output-limit", "a byte more, one at a time", by="output", output=5000,
     facts={"stdout.bytes": 5000})
case("output-both", "both %d 1000" % (N + 1), "output-limit", "of both streams together", by="output", output=N)
case("output-both-exact", "both %d 1000" % N, "ok", "both streams, the limit exactly", output=N, facts=ended(0))
case("output-endless", "write 100G", "output-limit", "a flood", by="output", output=N, wall=20.0,
     facts={"stdout.bytes": N})
case("output-discard", "write %d" % (4 * N), "ok", "with on-output=discard it runs on", by="output", output=N,
     on_output="discard", facts={**ended(0), "stdout.bytes": N, "stdout.truncated": True})
case("output-unread", "write 100M", "timeout", "nobody reads: it waits, until its time is over", by="wall", wall=2.0,
     setup="unread", output=200 * MIB, facts={"stdout.undelivered": ">0", "hits": ["output-undelivered"]})

# --- files ------------------------------------------------------------------------------------------------------------
case("disk-full", "file /tmp/file 32M", "exit", "ENOSPC is the program's to answer", by="tmp", tmp=8 * MIB, facts=ended(4))
case("fsize", "file /tmp/file 4M", "file-limit", "SIGXFSZ with a limit", by="fsize", setup="host-pid", fsize=MIB)
case("fsize-as-1", "file /tmp/file 4M", "exit", "process 1 gets EFBIG instead, and answers it", by="pid-1", fsize=MIB,
     facts=ended(5))
case("fsize-reaped", "file /tmp/file 4M", "file-limit", "but below a reaper it hears SIGXFSZ", by="reaper", fsize=MIB,
     facts=died(25))
case("kill-25", "kill 25", "signal", "SIGXFSZ without a limit is only a signal", setup="host-pid", facts=died(25))

# --- system calls -----------------------------------------------------------------------------------------------------
case("clone3-probe", "clone3", "ok", "a call that is refused with an error is no violation", by="filter", setup="filter",
     facts={**ended(0), "syscall": None})
case("violation", "call 101 16 1234 7 8", "syscall", "ptrace, named with its arguments", by="filter", setup="filter",
     facts={"syscall.nr": 101, "syscall.name": "ptrace", "syscall.arch": "x86_64",
            "syscall.args": ["0x10", "0x4d2", "0x7", "0x8", "0x0", "0x0"]})
case("violation-i386", "call32 26 16 1234 7 8", "syscall", "the same by the other entry: 26, not 101", by="filter",
     setup="filter", facts={"syscall.nr": 26, "syscall.name": "ptrace", "syscall.arch": "x86"})
