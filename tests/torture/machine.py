# SPDX-License-Identifier: Apache-2.0
"""What cases need around them (cases.py, "setup"), whoever runs them: directories, a filter, a cgroup, the clock."""

import contextlib
import json
import os
import struct
import subprocess
import threading
import time

OUTER = "torture-outer"
OUTER_LIMIT = 48 << 20
CGROUP = "/sys/fs/cgroup"

PTRACE = {"x86_64": 101, "i386": 26}
CLONE3 = 435
ENOSYS = 38

PROFILE = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [
        {"names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS"},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
    ],
}


def filter_program():
    """PROFILE as the bytes of a classic BPF program, for what takes nothing else."""
    load, equal, answer = 0x20, 0x15, 0x06
    kill, error, allow = 0x80000000, 0x00050000 | ENOSYS, 0x7FFF0000
    code = [(load, 0, 0, 4)]
    for arch, number in (0xC000003E, PTRACE["x86_64"]), (0x40000003, PTRACE["i386"]):
        code += [(equal, 0, 6, arch), (load, 0, 0, 0), (equal, 0, 1, number), (answer, 0, 0, kill),
                 (equal, 0, 1, CLONE3), (answer, 0, 0, error), (answer, 0, 0, allow)]
    code += [(answer, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


class Machine:
    """root: what tests/torture/build made. work: a directory of our own on a real file system."""

    def __init__(self, root, work):
        self.root, self.work = os.path.abspath(root), os.path.abspath(work)
        self.disk = os.path.join(self.work, "disk")
        os.makedirs(self.disk, exist_ok=True)
        os.chmod(self.work, 0o755)
        os.chmod(self.disk, 0o1777)
        self.profile = os.path.join(self.work, "seccomp.json")
        with open(self.profile, "w") as file:
            json.dump(PROFILE, file)
        self.program = os.path.join(self.work, "seccomp.bpf")
        with open(self.program, "wb") as file:
            file.write(filter_program())

    @contextlib.contextmanager
    def around(self, case, clock_after=0.7):
        """Make what the case asks for, and take it away again."""
        with contextlib.ExitStack() as stack:
            if "busy" in case.setup:
                stack.enter_context(open(os.path.join(self.root, "bin/busy"), "r+b"))
            if "ancestor" in case.setup:
                stack.enter_context(outer_cgroup())
            if "frozen" in case.setup:
                stack.enter_context(outer_cgroup("max"))
                stack.enter_context(later(clock_after + 0.8, freeze_outer))
            if "clock-back" in case.setup:
                stack.enter_context(clock_back(clock_after))
            yield
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.disk, "file"))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@contextlib.contextmanager
def outer_cgroup(limit=OUTER_LIMIT):
    path = os.path.join(CGROUP, OUTER)
    write(CGROUP + "/cgroup.subtree_control", "+memory +pids +cpu")
    os.makedirs(path, exist_ok=True)
    write(path + "/memory.max", str(limit))
    write(path + "/memory.swap.max", "0")
    try:
        yield
    finally:
        write(path + "/cgroup.kill", "1")
        for _ in range(50):
            for directory, _, _ in os.walk(path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
            if not os.path.exists(path):
                break
            time.sleep(0.1)


def freeze_outer():
    write(os.path.join(CGROUP, OUTER, "cgroup.freeze"), "1")


@contextlib.contextmanager
def later(after, what):
    """Do WHAT in so many seconds, unless all is over before. Gives a list that is not empty when it was done."""
    over, done = threading.Event(), []

    def wait():
        if not over.wait(after):
            what()
            done.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def move_clock(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)


@contextlib.contextmanager
def clock_back(after):
    """Only in a machine that is thrown away: everybody's clock goes back an hour."""
    if not os.environ.get("MAYFLY_VM"):
        raise RuntimeError("the clock is set only in the virtual machine: MAYFLY_VM is not set")
    moved = []
    try:
        with later(after, lambda: move_clock(-3600)) as moved:
            yield
    finally:
        if moved:
            move_clock(3600)


class Process:
    """One command, its output counted and thrown away, or left unread; never waited for without an end."""

    def __init__(self, words, unread=False, deadline=120.0, **options):
        self.status, self.stdout_bytes, self.stderr, self.hung = None, 0, b"", False
        began = time.monotonic()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True, **options)
        readers = [threading.Thread(target=self._errors, args=(process,), daemon=True)]
        if not unread:
            readers.append(threading.Thread(target=self._count, args=(process,), daemon=True))
        for reader in readers:
            reader.start()
        try:
            self.status = process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.hung = True
            process.kill()
            self.status = process.wait()
        self.elapsed = time.monotonic() - began
        for reader in readers:
            # Not for ever: what was left running may hold the pipe.
            reader.join(3)
        if unread:
            process.stdout.close()

    def _errors(self, process):
        for line in process.stderr:
            self.stderr = (self.stderr + line)[-65536:]

    def _count(self, process):
        while block := process.stdout.read1(1 << 20):
            self.stdout_bytes += len(block)


def engine_words(case, machine):
    """The limits that docker and podman spell alike."""
    limits, words = case.limits, ["--network", "none"]
    words += ["--memory", "%d" % limits["memory"], "--memory-swap", "%d" % limits["memory"]]
    words += ["--pids-limit", str(limits["pids"])]
    words += ["--tmpfs", "/tmp:rw,exec,mode=1777" + (",size=%d" % limits["tmp"] if limits.get("tmp") else "")]
    for name in "fsize", "nofile", "stack":
        if name in limits:
            words += ["--ulimit", "%s=%d" % (name, limits[name] or -1)]
    if "disk" in case.setup:
        words += ["--volume", machine.disk + ":/disk"]
    if "busy" in case.setup:
        words += ["--volume", machine.root + "/bin/busy:/bin/busy"]
    if "host-pid" in case.setup:
        words += ["--pid", "host"]
    if "filter" in case.setup:
        words += ["--security-opt", "seccomp=" + machine.profile]
    if case.setup & {"ancestor", "frozen"}:
        words += ["--cgroup-parent", "/" + OUTER]
    return words


def import_image(engine, machine):
    """The root file system as the image "torture": there is no registry where this runs."""
    archive = subprocess.Popen(["tar", "-C", machine.root, "-c", "."], stdout=subprocess.PIPE)
    subprocess.run([engine, "import", "-", "torture"], stdin=archive.stdout, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    if archive.wait():
        raise RuntimeError("tar of %s failed" % machine.root)
