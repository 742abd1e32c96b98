# SPDX-License-Identifier: Apache-2.0
"""Ways to run a case under mayfly. A new way is one class with run(case) -> Outcome, and its row in DRIVERS.

loose: facts that this way may answer with null, since not everybody is the parent of a container's first process and
may know how it ended. lacks(case): why it cannot run a case at all, or None; the runner counts and names those.
"""

import json
import os
import subprocess
import time

from machine import OUTER, PROFILE, Process, engine_words, import_image

DURATIONS, SIZES = ("wall", "grace", "cpu"), ("output", "stdout", "stderr")
POLICIES = ("on_oom", "on_pids", "on_output")
SIGNALLED = 128
# The exit status of "mayfly once", where it is not the program's own.
STATUS = {"timeout": 124, "cpu-limit": 124, "memory-limit": 137, "memory-host": 137, "output-limit": 153,
          "file-limit": 153, "syscall": 159, "cancelled": 130, "pids-limit": 137}


class Outcome:
    """result: the document, or {} with the reason in trouble. status: of the command, where that is promised."""

    def __init__(self, result, trouble="", status=None, stdout_bytes=None):
        self.result, self.trouble, self.status, self.stdout_bytes = result, trouble, status, stdout_bytes


def duration(seconds):
    return "%dms" % round(seconds * 1000)


class Once:
    loose, quick, extra = frozenset(), True, []

    def __init__(self, mayfly, machine):
        self.mayfly, self.machine = mayfly, machine
        self.bundle = os.path.join(machine.work, "bundle")
        self.result = os.path.join(machine.work, "result.json")
        os.makedirs(self.bundle, exist_ok=True)

    @staticmethod
    def lacks(case):
        return "its program is never process 1" if case.by == "pid-1" else None

    def run(self, case):
        words = [self.mayfly, "once", *self.extra, "--result", self.result]
        words += self.flags(case)
        if case.setup & {"disk", "host-pid", "filter", "ancestor", "frozen"}:
            self.write_bundle(case)
            words += ["--bundle", self.bundle]
        else:
            words += ["--rootfs", self.machine.root]
        if os.path.exists(self.result):
            os.unlink(self.result)
        process = Process([*words, "--", *case.argv], unread="unread" in case.setup)
        return self.outcome(process)

    def flags(self, case):
        for name, value in case.limits.items():
            yield "--" + name.replace("_", "-")
            yield duration(value) if name in DURATIONS else str(value)

    def outcome(self, process):
        said = process.stderr.decode(errors="replace").strip()[-200:]
        if process.hung:
            return Outcome({}, "mayfly did not end: " + said)
        try:
            with open(self.result) as file:
                return Outcome(json.load(file), said, process.status, process.stdout_bytes)
        except (OSError, ValueError) as error:
            return Outcome({}, "status %d, no result (%s): %s" % (process.status, error, said))

    def write_bundle(self, case):
        namespaces = ["mount", "network", "ipc", "uts", "cgroup"] + (["pid"] if "host-pid" not in case.setup else [])
        config = {
            "ociVersion": "1.2.0",
            "process": {"terminal": False, "user": {"uid": 65534, "gid": 65534}, "args": case.argv, "cwd": "/",
                        "noNewPrivileges": True},
            "root": {"path": self.machine.root, "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},
                {"destination": "/disk", "type": "bind", "source": self.machine.disk, "options": ["bind"]}],
            "linux": {"namespaces": [{"type": name} for name in namespaces]},
        }
        if "filter" in case.setup:
            config["linux"]["seccomp"] = PROFILE
        if case.setup & {"ancestor", "frozen"}:
            config["linux"]["cgroupsPath"] = "/%s/case" % OUTER
        with open(os.path.join(self.bundle, "config.json"), "w") as file:
            json.dump(config, file)


class Engine:
    """Docker and Podman: limits by annotation, the answer from "mayfly result" when all is over."""

    loose, quick = frozenset({"exit_code", "signal"}), False

    def __init__(self, mayfly, machine):
        self.mayfly, self.machine = mayfly, machine
        import_image(self.name, machine)

    @staticmethod
    def lacks(case):
        if case.by == "reaper":
            return "its program is process 1"
        # The suite's outer cgroup is no unit.
        if case.setup & {"ancestor", "frozen"} and os.environ.get("DRIVER") == "systemd":
            return "systemd makes the cgroups, and knows no parent that is no slice"
        return None

    def annotations(self, case):
        for name, value in case.limits.items():
            if name in DURATIONS:
                yield "dev.mayfly.limit.%s=%s" % (name, duration(value))
            elif name in SIZES:
                yield "dev.mayfly.limit.%s=%d" % (name, value)
            elif name in POLICIES:
                yield "dev.mayfly.%s=%s" % (name.replace("_", "."), value)
        if "filter" in case.setup:
            yield "dev.mayfly.on.syscall=kill"

    def run(self, case):
        name = "torture-%d" % time.monotonic_ns()
        words = [*self.words, "run", *self.runtime, "--name", name, *engine_words(case, self.machine)]
        for line in self.annotations(case):
            words += ["--annotation", line]
        words += ["--entrypoint", self.entry_point(case), "torture", *case.argv[1:]]
        process = Process(words, unread="unread" in case.setup)
        found = subprocess.run([self.name, "inspect", "--format", "{{.Id}}", name], capture_output=True, text=True)
        outcome = self.outcome(process, found.stdout.strip())
        subprocess.run([self.name, "rm", "-f", name], capture_output=True)
        return outcome

    def outcome(self, process, container):
        said = process.stderr.decode(errors="replace").strip()[-200:]
        if not container:
            return Outcome({}, "no container: " + said)
        asked = subprocess.run([self.mayfly, *self.state_root, "result", "--wait", container], capture_output=True, text=True,
                               timeout=60)
        try:
            return Outcome(json.loads(asked.stdout), said, None, process.stdout_bytes)
        except ValueError:
            return Outcome({}, "mayfly result: %s; %s" % (asked.stderr.strip()[-200:], said))


class Docker(Engine):
    name, words, runtime = "docker", ["docker"], ["--runtime", "mayfly"]
    state_root = ["--root", "/run/docker/runtime-runc/moby"]

    def entry_point(self, case):
        return case.argv[0]


class Podman(Engine):
    name, runtime, state_root = "podman", [], []

    def __init__(self, mayfly, machine):
        super().__init__(mayfly, machine)
        self.words = ["podman", "--runtime", mayfly]

    def entry_point(self, case):
        return json.dumps(case.argv[:1])


class Cri:
    """Not yet: it wants a client of containerd's CRI, with the annotations of a pod."""

    lacks = Engine.lacks

    def __init__(self, mayfly, machine):
        raise SystemExit("torture: --via cri: there is no CRI client here yet")


DRIVERS = {"once": Once, "docker": Docker, "podman": Podman, "cri": Cri}


def differs(rule, value):
    """Is VALUE of a result other than a row of the table says? RULE: ">0", "<N", or what it must be."""
    if isinstance(rule, str) and rule[0] in "<>":
        if not isinstance(value, (int, float)):
            return True
        return not (value < float(rule[1:]) if rule[0] == "<" else value > float(rule[1:]))
    return value != rule


def field(result, path):
    for word in path.split("."):
        if not isinstance(result, dict) or word not in result:
            return None
        result = result[word]
    return result


def wrong(case, outcome, driver):
    """What is not as the table says, as a list of short texts."""
    if not outcome.result:
        return [outcome.trouble or "no result"]
    found, verdict = [], outcome.result.get("verdict")
    if verdict != case.verdict:
        found.append("verdict %s: %s" % (verdict, outcome.result.get("message")))
    for path, rule in case.facts.items():
        value = field(outcome.result, path)
        if path in driver.loose and value is None:
            continue
        if path == "hits":
            value = [hit for hit in value or [] if hit in rule]
        if differs(rule, value):
            found.append("%s is %s, not %s" % (path, value, rule))
    expected = expected_status(case)
    if outcome.status is not None and expected is not None and outcome.status not in expected:
        found.append("status %s, not %s" % (outcome.status, " or ".join(map(str, expected))))
    if outcome.stdout_bytes is not None and case.facts.get("stdout.bytes", outcome.stdout_bytes) != outcome.stdout_bytes:
        found.append("%d bytes came" % outcome.stdout_bytes)
    return found


def expected_status(case):
    """What "mayfly once" must exit with; several where the kernel's errno decides."""
    if case.verdict in ("ok", "exit"):
        return [case.facts.get("exit_code", 0)]
    if case.verdict == "signal":
        return [SIGNALLED + case.facts["signal"]]
    if case.verdict == "start-failed":
        return [125, 126, 127]
    return [STATUS[case.verdict]] if case.verdict in STATUS else None
