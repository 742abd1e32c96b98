#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill a runtime, or fail its system calls, at every point of its commands, and look for what stays.

Every system call of every process of a command is a point. At each the command runs again and is killed there, or
the call fails with an errno. After that: nothing hangs, "delete --force" succeeds and leaves no state, cgroup,
process, mount or file, and a container of the same id can be created. Started by tests/sweep/run.
"""

import argparse
import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

ERRNOS = "EMFILE ENFILE ENOMEM ENOSPC EDQUOT EIO EINTR EAGAIN EPERM ENOSYS EROFS".split()
DEADLINE = 10.0
ID = "sweep"
WORK = os.environ["WORK"]
CGROUP_MOUNT, CGROUP = os.environ["CGROUP_MOUNT"], os.environ["CGROUP_PARENT"] + "/sweep"

# The C library's own start, which has no way to answer an error but to end, and calls that do not come back or
# cannot fail: an error there would test libc or nothing. They are points for SIGKILL all the same.
CANNOT_FAIL = set("""arch_prctl set_tid_address set_robust_list rseq exit exit_group rt_sigreturn getpid gettid
    getppid getuid geteuid getgid getegid umask getpgrp""".split())


# What a program's start consists of, before main(): an error there is answered by the C library, by a crash.
LIBC_START = set("""brk arch_prctl set_tid_address set_robust_list rseq prlimit64 readlink readlinkat getrandom mprotect
    uname mmap munmap access openat read close newfstatat fstat pread64""".split())


def syscall_names():
    names = {}
    for path in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"):
        if os.path.exists(path) and (os.uname().machine == "x86_64") == ("x86_64" in path):
            with open(path) as file:
                for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)$", file.read(), re.M):
                    names[int(number)] = name
    return names


NAMES = syscall_names()


class Runtime:
    def __init__(self, path, arguments):
        self.words = [path, "--root", WORK + "/sweep-root", *arguments]

    def command(self, *words):
        return [*self.words, *words]

    def call(self, *words, deadline=DEADLINE):
        """Exit code, or None when it hung."""
        return run(self.command(*words), deadline)[0]


def run(command, deadline=DEADLINE):
    """(exit code or None, stderr). Output goes to files: a container may hold it."""
    with open(WORK + "/sweep-err", "wb+") as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                                   start_new_session=True)
        try:
            code = process.wait(deadline)
        except subprocess.TimeoutExpired:
            code = None
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        err.seek(0)
        return code, err.read().decode(errors="replace")


class Verb:
    """A command to sweep, and what has to be there before it."""

    def __init__(self, name, program, before, words, undone=False):
        self.name, self.program, self.before, self.words = name, program, before, words
        self.undone = undone  # when it fails, nothing of the container may be there


BUNDLE = WORK + "/sweep-bundle"
CREATE = ["create", "--bundle", BUNDLE, ID]
VERBS = [
    Verb("create", "sleep", [], ["create", "--bundle", BUNDLE, "--pid-file", WORK + "/sweep-files/pid", ID], True),
    Verb("start", "sleep", [CREATE], ["start", ID]),
    Verb("delete", "true", [CREATE, ["start", ID], "stopped"], ["delete", ID]),
    Verb("delete-force", "sleep", [CREATE, ["start", ID]], ["delete", "--force", ID]),
    # When what fails is the deletion at its end, run keeps the state for a later delete.
    Verb("run", "true", [], ["run", "--bundle", BUNDLE, ID]),
    # With a monitor, whose every call is a point, too.
    Verb("create-watched", "sleep", [], ["create", "--wall", "60s", "--output", "1MiB", "--bundle", BUNDLE, ID], True),
    Verb("run-watched", "true", [], ["run", "--wall", "60s", "--output", "1MiB", "--bundle", BUNDLE, ID]),
    # Nothing has a name here: the next command that opens the root takes what a killed one left.
    Verb("once", "true", [], ["once", "--bundle", BUNDLE, "--wall", "5s", "--output", "1MiB",
                              "--result", WORK + "/sweep-files/pid"]),
    Verb("exec", "sleep", [CREATE, ["start", ID]], ["exec", ID, "true"]),
    Verb("kill", "sleep", [CREATE, ["start", ID]], ["kill", ID, "KILL"]),
]


def make_bundle(kind, program):
    import json

    with open(WORK + "/template/config.json") as file:
        config = json.load(file)
    config["process"]["args"] = {"sleep": ["sleep", "1000"], "true": ["true"]}[program]
    config["linux"]["cgroupsPath"] = CGROUP
    if kind == "crun":
        config["ociVersion"] = "1.0.2"
    with open(BUNDLE + "/config.json", "w") as file:
        json.dump(config, file)


# --- what is there --------------------------------------------------------------------------------------

def processes():
    """Orphans: children of the namespace's init, whose parent, the runtime, has ended."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as file:
                fields = file.read().rsplit(")", 1)[1].split()
            with open("/proc/%s/cmdline" % name) as file:
                words = file.read().replace("\0", " ").strip()
        except OSError:
            continue
        if fields[1] == "1" and fields[0] not in "ZX":
            found[name] = words
    return found


def listing(*directories):
    found = set()
    for directory in directories:
        if os.path.isdir(directory):
            found |= {directory + "/" + name for name in os.listdir(directory)}
    return found


def mounts():
    with open("/proc/self/mountinfo") as file:
        rest = (line.split(" ", 3)[3] for line in file)
        return {line for line in rest if line.split()[1].startswith(("/run", "/tmp", "/sys/fs/cgroup"))}


class Machine:
    """The machine as it was; leftovers() says what came."""

    def __init__(self):
        self.processes, self.mounts, self.files = set(processes()), mounts(), self.list_files()

    @staticmethod
    def list_files():
        return listing("/run", WORK, BUNDLE, WORK + "/sweep-files", BUNDLE + "/rootfs", BUNDLE + "/rootfs/etc") - {
            WORK + "/sweep-root"}

    def leftovers(self, patience=1.0):
        """By kind. A killed process needs a moment to be gone: wait up to PATIENCE."""
        end = time.monotonic() + patience
        while True:
            left = []
            state = {n for n in listing(WORK + "/sweep-root") if not os.path.basename(n).startswith(".")}
            left += ["state " + os.path.basename(n) for n in state]
            if any(name.startswith(os.path.basename(CGROUP)) for name in
                   os.listdir(os.path.dirname(CGROUP_MOUNT + CGROUP))):
                left.append("cgroup")
            left += ["process " + words for pid, words in processes().items() if pid not in self.processes]
            left += ["mount " + line.split()[1] for line in mounts() - self.mounts]
            left += ["file " + name for name in self.list_files() - self.files if not name.endswith("sweep-files/pid")]
            if not left or time.monotonic() > end:
                return sorted(left)
            time.sleep(0.02)

    def scrub(self):
        """By force, so that one leftover is not found again at every later point."""
        for pid in set(processes()) - self.processes:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        parent = os.path.dirname(CGROUP_MOUNT + CGROUP)
        ours = [parent + "/" + name for name in os.listdir(parent) if name.startswith(os.path.basename(CGROUP))]
        for directory in (directory for top in ours for directory, _, _ in os.walk(top, topdown=False)):
            try:
                with open(directory + "/cgroup.kill", "w") as file:
                    file.write("1")
                time.sleep(0.05)
                os.rmdir(directory)
            except OSError:
                pass
        shutil.rmtree(WORK + "/sweep-root", ignore_errors=True)
        for name in self.list_files() - self.files:
            try:
                os.unlink(name)
            except OSError:
                shutil.rmtree(name, ignore_errors=True)
        for line in mounts() - self.mounts:
            subprocess.run(["umount", "-l", line.split()[1]], stderr=subprocess.DEVNULL, check=False)


# --- one point ------------------------------------------------------------------------------------------

class Sweep:
    def __init__(self, runtime, kind, inject):
        self.runtime, self.kind, self.inject = runtime, kind, inject
        self.machine, self.tried = Machine(), 0
        self.outcomes, self.failures = {}, []

    def prepare(self, verb):
        make_bundle(self.kind, verb.program)
        for step in verb.before:
            if step == "stopped":
                end = time.monotonic() + DEADLINE
                while self.runtime.call("kill", ID, "0") == 0 and time.monotonic() < end:
                    time.sleep(0.005)
                continue
            code, err = run(self.runtime.command(*step))
            if code != 0:
                raise SystemExit("%s: preparing by %s ended with %s: %s" % (verb.name, step[0], code, err.strip()))

    def points(self, verb):
        """[(process, n, name, whether it is of libc's start)] of one undisturbed run."""
        # One run before, so that what is made once, such as the state root, is there.
        self.runtime.call(*CREATE)
        self.runtime.call("delete", "--force", ID)
        self.prepare(verb)
        path = WORK + "/sweep-list"
        code, err = run([self.inject, "--list", path, "--", *self.runtime.command(*verb.words)], 60)
        if code != 0:
            raise SystemExit("%s, undisturbed but traced, ended with %s: %s" % (verb.name, code, err.strip()))
        self.runtime.call("delete", "--force", ID)
        left = self.machine.leftovers()
        if left:
            raise SystemExit("%s, undisturbed, left %s" % (verb.name, ", ".join(left)))
        with open(path) as file:
            lines = [line.split() for line in file]
        points, starting = [], True
        for process, n, number in lines:
            name = NAMES.get(int(number), "call-" + number)
            if process == "0":
                starting = name in ("execve", "execveat") or (starting and name in LIBC_START)
            points.append((int(process), int(n), name, process == "0" and starting and not name.startswith("exec")))
        return points

    def try_point(self, verb, point, fault):
        process, n, name, _ = point
        self.prepare(verb)
        status = WORK + "/sweep-status"
        if os.path.exists(status):
            os.unlink(status)
        how = ["--kill"] if fault == "KILL" else ["--errno", str(getattr(errno, fault))]
        code, err = run([self.inject, "--status", status, "--at", "%d:%d" % (process, n), *how, "--",
                         *self.runtime.command(*verb.words)])
        problems = []
        if code is None:
            outcome = "hang"
            problems.append("hung for %d s" % DEADLINE)
        else:
            with open(status) as file:
                fired, number, ended = file.read().split()
            if fired == "1":
                name = NAMES.get(int(number), name)  # a retry more or less moves them
            outcome = self.judge(verb, fault, process, fired == "1", int(ended), err, problems)
        problems += self.clean_up()
        self.outcomes.setdefault((verb.name, fault), {}).setdefault(outcome, 0)
        self.outcomes[verb.name, fault][outcome] += 1
        if problems:
            self.machine.scrub()
            where = "%s, process %d, call %d (%s), %s" % (verb.name, process, n, name, fault)
            self.failures.append((where, problems))
            print("\r\033[K  %s: %s" % (where, "; ".join(problems)), flush=True)
        return outcome

    def judge(self, verb, fault, process, fired, ended, err, problems):
        if not fired:
            return "not reached"
        if fault == "KILL" and process == 0:
            return "killed"
        if ended < 0:
            problems.append("ended by signal %d" % -ended)
            return "crashed"
        if ended == 0:
            return "carried on"
        lines = err.strip().splitlines()
        if self.kind == "mayfly" and fault != "KILL" and len(lines) > 1:
            problems.append("%d lines of error: %s" % (len(lines), " | ".join(lines[:3])))
        if verb.undone:
            left = self.machine.leftovers()
            if left:
                problems.append("after the error: " + ", ".join(left))
        return "refused"

    def clean_up(self):
        problems = []
        code = self.runtime.call("delete", "--force", ID)
        if code != 0:
            problems.append("delete --force " + ("hung" if code is None else "ended with %d" % code))
        left = self.machine.leftovers()
        if left:
            problems.append("after delete --force: " + ", ".join(left))
            self.machine.scrub()
        # Where nothing is left the next point, which begins with a create, says the same.
        self.tried += 1
        if not problems and self.tried % 8:
            return problems
        code, err = run(self.runtime.command(*CREATE))
        if code != 0:
            problems.append("create again ended with %s: %s" % (code, err.strip()[:200]))
        if self.runtime.call("delete", "--force", ID) != 0:
            problems.append("the last delete --force failed")
        return problems


def plan(sweep, verbs, quick, seed):
    """[(verb, point, fault)]."""
    work, chance = [], random.Random(seed)
    for verb in verbs:
        points = sweep.points(verb)
        n_processes = len({point[0] for point in points})
        print("%-13s %4d system calls in %d process%s" %
              (verb.name, len(points), n_processes, "" if n_processes == 1 else "es"), flush=True)
        work += [(verb, point, "KILL") for point in points]
        work += [(verb, point, fault) for point in points
                 if point[2] not in CANNOT_FAIL and not point[3] for fault in ERRNOS]
    if quick:
        # A third of the sample dies, the rest is errors; every verb has its share.
        share = max(1, quick // len(verbs))
        sample = []
        for verb in verbs:
            kills = [w for w in work if w[0] is verb and w[2] == "KILL"]
            errors = [w for w in work if w[0] is verb and w[2] != "KILL"]
            sample += chance.sample(kills, min(len(kills), (share + 2) // 3))
            sample += chance.sample(errors, min(len(errors), share - (share + 2) // 3))
        work = sample
    return work


def main():
    parser = argparse.ArgumentParser(prog="tests/sweep/run", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a sample of about 150 points")
    parser.add_argument("--full", action="store_true", help="every point (the default)")
    parser.add_argument("--sample", type=int, default=0, help="a sample of about N points")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--verbs", default=",".join(v.name for v in VERBS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--faults", default="", help="comma-separated: KILL and errnos (default: all)")
    parser.add_argument("--at", default="", help="one point, PROCESS:N, of one verb: to look at a failure again")
    arguments = parser.parse_args()

    kind = os.environ.get("KIND", "mayfly")
    inject = WORK + "/inject"
    os.makedirs(WORK + "/sweep-files", exist_ok=True)
    shutil.copytree(WORK + "/template", BUNDLE, symlinks=True, dirs_exist_ok=True)
    for name in ("sweep-err", "sweep-list", "sweep-status"):
        open(WORK + "/" + name, "w").close()

    runtime = Runtime(os.environ["MAYFLY"], ["--cgroup-manager=disabled"] if kind == "crun" else [])
    verbs = [v for v in VERBS if v.name in arguments.verbs.split(",")]
    if not verbs:
        parser.error("no such verb")
    sweep = Sweep(runtime, kind, inject)
    quick = arguments.sample or (150 if arguments.quick else 0)
    work = plan(sweep, verbs, quick, arguments.seed)
    if arguments.faults:
        work = [w for w in work if w[2] in arguments.faults.split(",")]
    if arguments.at:
        work = [w for w in work if "%d:%d" % w[1][:2] == arguments.at]

    began, shown = time.monotonic(), 0.0
    for done, (verb, point, fault) in enumerate(work):
        if time.monotonic() - shown > (0.2 if sys.stdout.isatty() else 15):
            shown = time.monotonic()
            print("\r\033[K%d of %d points, %d with leftovers, %d s: %s %s" % (
                done, len(work), len(sweep.failures), shown - began, verb.name, fault),
                end="" if sys.stdout.isatty() else "\n", flush=True)
        sweep.try_point(verb, point, fault)

    print("\r\033[K")
    for (verb, fault), outcomes in sorted(sweep.outcomes.items(), key=lambda item: item[0]):
        print("%-13s %-7s %s" % (verb, fault, ", ".join("%d %s" % (n, o) for o, n in sorted(outcomes.items()))))
    print("\n%d points tried in %d s, %d with leftovers or other trouble" % (
        len(work), time.monotonic() - began, len(sweep.failures)))
    for where, problems in sweep.failures:
        print("  %s: %s" % (where, "; ".join(problems)))
    print("%d passed, %d failed" % (len(work) - len(sweep.failures), len(sweep.failures)))
    return 1 if sweep.failures or not work else 0


if __name__ == "__main__":
    sys.exit(main())
