# SPDX-License-Identifier: Apache-2.0
"""The same programs under other tools, and how what each of them says is read: the rules of docs/verdicts.md.

An answer is read as the set of all endings it may mean. One ending: right or wrong. Several, the right one among them:
unknown. A tool is given the benefit of every doubt: what one can learn from its options, its exit status, its inspect
command and from timeout(1) counts as said; only the words that programs print too are not evidence.
"""

import json
import os
import re
import signal
import subprocess
import time

from drivers import Once
from machine import Process, engine_words, import_image

EVERY = frozenset("wall cpu pids memory ancestor filter fsize tmp pid-1".split())


def ending(case):
    """The right answer, as the tuples of this file."""
    if case.verdict == "exit":
        return "exit", case.facts["exit_code"]
    if case.verdict == "signal":
        return "signal", case.facts["signal"]
    return (case.verdict,)


def read_signal(number, case):
    """Killed by it: is it the mark of a limit that was set?"""
    if number == signal.SIGXCPU and "cpu" in case.limits:
        return {("cpu-limit",)}
    if number == signal.SIGXFSZ and "fsize" in case.limits:
        return {("file-limit",)}
    if number == signal.SIGSYS and "filter" in case.setup:
        return {("syscall",), ("signal", number)}
    return {("signal", number)}


def read_status(status, case, killers=("memory-host",)):
    """A shell's kind of status. 128 + n is a signal or an exit code; 137 is also whoever kills."""
    if status == 0:
        return {("ok",)}
    if not 128 < status <= 192:
        return {("exit", status)}
    number = status - 128
    said = read_signal(number, case)
    if len(said) == 1 and next(iter(said))[0] != "signal":
        return said
    said = said | {("exit", status)}
    return said | {(killer,) for killer in killers} if number == signal.SIGKILL else said


def timeout_words(seconds, grace):
    return ["timeout", "--verbose", "-k", "%g" % grace, "%g" % seconds]


def timed_out(process):
    """timeout(1) says on stderr that it sent a signal: more than its 124 tells."""
    return b"timeout: sending signal" in process.stderr


def cpu_limit(case):
    """Soft and hard: at the soft one comes SIGXCPU, which says why; were they equal, it would be SIGKILL."""
    return "%d:%d" % (case.limits["cpu"], case.limits["cpu"] + 1)


class Answer:
    def __init__(self, raw, said, left=False):
        self.raw, self.said, self.left = raw, said, left


class Docker:
    name, title, can = "docker", "docker run (runc) + timeout", EVERY
    runtime = "runc"

    def __init__(self, machine):
        self.machine = machine
        import_image("docker", machine)
        # timeout(1) counts the start too: what it takes here and now, twice over.
        began = time.monotonic()
        for _ in range(2):
            subprocess.run(["docker", "run", "--rm", "--network", "none", "--runtime", self.runtime, "--entrypoint",
                            "/bin/torture", "torture", "exit", "0"], check=True, capture_output=True)
        self.overhead = time.monotonic() - began + 2

    def refuses(self, case):
        return case.by is not None and case.by not in self.can

    def run(self, case):
        name = "torture-%s-%d" % (self.name, time.monotonic_ns())
        words = timeout_words(case.limits["wall"] + self.overhead, case.limits["grace"] + 5)
        words += ["docker", "run", "--runtime", self.runtime, "--name", name, *engine_words(case, self.machine)]
        if "cpu" in case.limits:
            words += ["--ulimit", "cpu=" + cpu_limit(case)]
        # The image has no command of its own: the program is the entry point, its words follow.
        words += ["--entrypoint", case.argv[0], "torture", *case.argv[1:]]
        process = Process(words, unread="unread" in case.setup)
        inspected = subprocess.run(["docker", "inspect", "--format", "{{json .State}}", name], capture_output=True)
        state = json.loads(inspected.stdout) if inspected.returncode == 0 else {}
        answer = self.read(case, process, state)
        subprocess.run(["docker", "rm", "-f", name], capture_output=True)
        return answer

    def read(self, case, process, state):
        raw = "status %d" % process.status
        if state:
            raw += ", ExitCode %d, OOMKilled %s" % (state["ExitCode"], str(state["OOMKilled"]).lower())
        if timed_out(process):
            return Answer(raw + ", timeout sent a signal", {("timeout",)}, state.get("Running", False))
        if not state or state["Error"] or state["Status"] == "created":
            return Answer(raw + ", an error of its own", {("start-failed",)})
        if state["OOMKilled"] and state["ExitCode"] == 137:
            return Answer(raw, {("memory-limit",)})
        return Answer(raw, read_status(state["ExitCode"], case), state["Running"])


class Runsc(Docker):
    name, title, can = "runsc", "docker run (runsc) + timeout", EVERY - {"ancestor"}
    runtime = "runsc"

    def refuses(self, case):
        # Its processes are its own: there is no PID namespace of the host to be in.
        return "host-pid" in case.setup or super().refuses(case)


class Podman:
    name, title, can = "podman", "podman run --timeout", EVERY

    def __init__(self, machine):
        self.machine = machine
        import_image("podman", machine)

    refuses = Docker.refuses

    def run(self, case):
        name, seconds = "torture-%d" % time.monotonic_ns(), int(case.limits["wall"] + 0.999)
        words = ["podman", "run", "--timeout", str(seconds), "--name", name, *engine_words(case, self.machine)]
        if "cpu" in case.limits:
            words += ["--ulimit", "cpu=" + cpu_limit(case)]
        words += ["--entrypoint", json.dumps(case.argv[:1]), "torture", *case.argv[1:]]
        process = Process(words, unread="unread" in case.setup, deadline=90.0)
        inspected = subprocess.run(["podman", "inspect", "--format",
                                    "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.StartedAt.UnixMilli}}"
                                    " {{.State.FinishedAt.UnixMilli}}", name], capture_output=True, text=True)
        answer = self.read(case, process, inspected.stdout.split(), seconds)
        subprocess.run(["podman", "rm", "-f", "-t", "0", name], capture_output=True)
        return answer

    def read(self, case, process, state, seconds):
        raw = "status %d" % process.status
        if len(state) != 5 or state[0] == "created" or int(state[3]) <= 0:
            return Answer(raw + ", never started", {("start-failed",)}, process.hung)
        code, killed, lived = int(state[1]), state[2] == "true", (int(state[4]) - int(state[3])) / 1000
        raw += ", ExitCode %d, OOMKilled %s" % (code, state[2])
        if killed and code == 137:
            return Answer(raw, {("memory-limit",)})
        # It says no word of the timeout: a kill after that many seconds is read as one.
        if code in (-1, 137, 255) and lived >= seconds:
            return Answer(raw + ", lived as long as allowed", {("timeout",)})
        return Answer(raw, read_status(code, case), state[0] == "running")


class Bwrap:
    name, title = "bwrap", "bubblewrap, prlimit + timeout"
    can = frozenset("wall cpu filter fsize tmp pid-1".split())

    def __init__(self, machine):
        self.machine = machine

    refuses = Docker.refuses

    def run(self, case):
        limits = case.limits
        words = timeout_words(limits["wall"] + 1, limits["grace"] + 0.5)
        words += ["setpriv", "--reuid", "tester", "--regid", "tester", "--clear-groups", "prlimit"]
        if "cpu" in limits:
            words.append("--cpu=" + cpu_limit(case))
        for name in "fsize", "nofile", "stack":
            if name in limits:
                words.append("--%s=%s" % (name, int(limits[name]) or "unlimited"))
        words += ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--die-with-parent"]
        words += ["--ro-bind", self.machine.root, "/", "--dev", "/dev"]
        # Without a PID namespace of its own it may not mount a proc of its own.
        words += ["--ro-bind", "/proc", "/proc"] if "host-pid" in case.setup else ["--proc", "/proc"]
        words += (["--size", str(limits["tmp"])] if limits.get("tmp") else []) + ["--tmpfs", "/tmp"]
        words += ["--bind", self.machine.disk, "/disk"]
        if "host-pid" not in case.setup:
            words += ["--unshare-pid"] + (["--as-pid-1"] if case.by == "pid-1" else [])
        options = {}
        if "filter" in case.setup:
            program = os.open(self.machine.program, os.O_RDONLY)
            words += ["--seccomp", str(program)]
            options = {"pass_fds": [program]}
        try:
            process = Process([*words, "--", *case.argv], unread="unread" in case.setup, **options)
        finally:
            for fd in options.get("pass_fds", ()):
                os.close(fd)
        return self.read(case, process)

    def read(self, case, process):
        raw = "status %d" % process.status
        if timed_out(process):
            return Answer(raw + ", timeout sent a signal", {("timeout",)})
        if process.status == 1:
            # Its own "could not", and any program's 1.
            return Answer(raw, {("exit", 1), ("start-failed",)})
        if process.status in (125, 126, 127):
            # Of timeout and prlimit in front of it, or the program's.
            return Answer(raw, {("exit", process.status), ("start-failed",)})
        status = process.status if process.status >= 0 else 128 - process.status
        return Answer(raw, read_status(status, case))


class Systemd:
    name, title = "systemd", "systemd-run"
    can = frozenset("wall cpu pids memory ancestor filter fsize tmp oom-group".split())

    def __init__(self, machine):
        self.machine = machine

    refuses = Docker.refuses

    def properties(self, case):
        limits, machine = case.limits, self.machine
        yield from ("Type=exec", "RootDirectory=" + machine.root, "MountAPIVFS=yes", "IgnoreSIGPIPE=no",
                    "RuntimeMaxSec=%g" % limits["wall"], "TimeoutStopSec=%g" % (limits["grace"] or 0.2),
                    "MemoryMax=%d" % limits["memory"], "MemorySwapMax=0", "TasksMax=%d" % limits["pids"],
                    "BindPaths=%s:/disk" % machine.disk, "TemporaryFileSystem=/tmp:mode=1777%s"
                    % (",size=%d" % limits["tmp"] if limits.get("tmp") else ",size=2G"),
                    "OOMPolicy=" + ("continue" if limits.get("on_oom") == "process" else "kill"))
        if "cpu" in limits:
            yield "LimitCPU=" + cpu_limit(case)
        for name in "fsize", "nofile", "stack":
            if name in limits:
                yield "Limit%s=%s" % (name.upper(), int(limits[name]) or "infinity")
        if "filter" in case.setup:
            yield "SystemCallFilter=~ptrace clone3:ENOSYS"

    def run(self, case):
        unit = "torture-%d" % time.monotonic_ns()
        words = ["systemd-run", "--wait", "--unit", unit]
        if "ancestor" in case.setup:
            subprocess.run(["systemctl", "set-property", "--runtime", "tortureouter.slice", "MemoryMax=48M",
                            "MemorySwapMax=0"], check=True)
            words += ["--slice", "tortureouter.slice"]
        words += ["--pipe"] if "unread" in case.setup else ["-p", "StandardOutput=null", "-p", "StandardError=null"]
        for line in self.properties(case):
            words += ["-p", line]
        process = Process([*words, "--", *case.argv], unread="unread" in case.setup, deadline=90.0)
        subprocess.run(["systemctl", "kill", "-s", "KILL", unit], capture_output=True)
        subprocess.run(["systemctl", "reset-failed", unit], capture_output=True)
        return self.read(case, process)

    def read(self, case, process):
        text = process.stderr.decode(errors="replace")
        result = re.search(r"Finished with result: (\S+)", text)
        ended = re.search(r"Main processes terminated with: code=(\w+)[,/] ?status=(\w+)", text)
        result = result.group(1) if result else "none"
        code, status = (ended.group(1), ended.group(2)) if ended else ("none", "none")
        raw = "Result=%s, code=%s, status=%s" % (result, code, status)
        if result == "timeout" and code == "exited":
            # In its grace; or by itself, and what it left behind outlived the time to stop.
            return Answer(raw, {("timeout",), ("exit", int(status)) if int(status) else ("ok",)})
        if result == "timeout":
            return Answer(raw, {("timeout",)})
        if result == "oom-kill":
            return Answer(raw, {("memory-limit",)})
        # Numbers from 200 on are systemd's own, with a name: 203/EXEC.
        if code == "none" or (code == "exited" and not status.isdigit()):
            return Answer(raw, {("start-failed",)})
        if code == "exited":
            number = int(status)
            if number >= 200 and number != 255:
                return Answer(raw, {("start-failed",)})
            return Answer(raw, {("exit", number)} if number else {("ok",)})
        number = int(status) if status.isdigit() else int(getattr(signal, "SIG" + status))
        said = read_signal(number, case)
        if number == signal.SIGKILL:
            said = said | {("memory-host",)}
        return Answer(raw, said)


class Mayfly:
    """The tool the page is about, asked like the others: its answer means what it says."""

    name, title = "mayfly", "mayfly once"

    def __init__(self, machine, path="mayfly"):
        self.driver = Once(path, machine)

    def refuses(self, case):
        return self.driver.lacks(case) is not None

    def run(self, case):
        result = self.driver.run(case).result
        verdict = result.get("verdict", "engine-error")
        extra = {"exit": "exit_code", "signal": "signal"}.get(verdict)
        said = (verdict, result.get(extra)) if extra else (verdict,)
        return Answer("%s: %s" % (verdict, result.get("message", "no result")), {said})


RIVALS = [Mayfly, Docker, Podman, Bwrap, Systemd, Runsc]


# Endings that are true as well, where a tool has no word for the one in the table.
ALSO = {"no-room-to-exec": ("memory-limit",)}


def judge(case, answer):
    if answer.said == {ALSO.get(case.name)}:
        return "right"
    if answer.said == {ending(case)}:
        return "right"
    return "unknown" if ending(case) in answer.said else "wrong"


def describe(said):
    return " or ".join(sorted(" ".join(str(word) for word in one) for one in said))
