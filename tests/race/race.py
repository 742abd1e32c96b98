#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Races: for each place where a name in the root file system is used, a peer swaps what is there.

A round is one container (or one exec) while the peer puts a link to the canary, a file, a FIFO, another directory or
a mount in the place of what was there, or takes it away, again and again. After it: mayfly has ended by itself in
time, nothing of the canary was shown to the program, and the canary outside, the host's mounts and the state root are
as before. Started by tests/race/run."""

import argparse
import array
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

WORK = os.environ["WORK"]
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACE, ROOT = WORK + "/race", WORK + "/race-root"
CANARY, VOLUME, BUNDLE = PLACE + "/canary", PLACE + "/volume", PLACE + "/bundle"
ROOTFS = BUNDLE + "/rootfs"
DEADLINE = 20
SECRET = "secret-of-the-canary"

# What looks a name up in the image. A function of runtime/init that calls one of these needs a site.
OPENERS = r"\b(path_open|path_create|path_create_parent|path_open_knob|path_write_knob|sys_openat2|init_chdir|check_program)\("


class Site:
    def __init__(self, name, covers, swapped, others, config, terminal=False, exec_words=None):
        self.name, self.covers, self.swapped, self.others = name, covers.split(), swapped, others
        self.config, self.terminal, self.exec_words = config, terminal, exec_words


def add_mount(destination, **more):
    return lambda c: c["mounts"].append({"destination": destination, **more})


def tmpfs(destination, *options):
    return add_mount(destination, type="tmpfs", source="tmpfs", options=list(options))


def bind(destination):
    return add_mount(destination, type="bind", source=BUNDLE + "/config.json", options=["bind"])


def put(section, key, value):
    def change(config):
        place = config
        for name in section.split(".") if section else []:
            place = place.setdefault(name, {})
        if section == "linux" and isinstance(value, list):
            place[key] = place.get(key, []) + value
        else:
            place[key] = value
    return change


def without_mounts(*destinations):
    def change(config):
        config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith(destinations)]
    return change


def show(*paths):
    return put("process", "args", ["sh", "-c", "for f in %s; do test -f $f && cat $f; done; true" % " ".join(paths)])


DIRECTORY = ["link", "up", "plainfile", "fifo", "otherdir", "gone", "mount:" + VOLUME + "/otherdir"]
FILE = ["filelink", "up", "fifo", "otherdir", "gone"]
IN_DIR = VOLUME + "/dir"

SITES = [
    Site("the target of a new file system", "open_directory mount_new", IN_DIR, DIRECTORY, [tmpfs("/vol/dir/sub"), show("/vol/dir/sub/file")]),
    Site("a target that is made", "open_directory make_directory", IN_DIR, DIRECTORY, [tmpfs("/vol/dir/made/by/us")]),
    Site("the target of a bound file", "attach", IN_DIR, DIRECTORY, [bind("/vol/dir/file"), show("/vol/dir/file")]),
    Site("a bound file that is made", "attach", IN_DIR, DIRECTORY, [bind("/vol/dir/new/file")]),
    Site("the bound file itself", "attach", IN_DIR + "/file", FILE, [bind("/vol/dir/file")]),
    Site("a mount that is changed", "init_change_mount", IN_DIR, DIRECTORY, [
        tmpfs("/vol/dir/sub"), add_mount("/vol/dir/sub", type="none", source="none", options=["remount", "bind", "ro"])]),
    Site("a masked directory", "open_target open_null", IN_DIR, DIRECTORY, [put("linux", "maskedPaths", ["/vol/dir/sub"]), show("/vol/dir/sub/*")]),
    Site("a masked file", "open_target open_null", IN_DIR + "/file", FILE, [put("linux", "maskedPaths", ["/vol/dir/file"])]),
    Site("a read-only path", "open_target", IN_DIR, DIRECTORY, [put("linux", "readonlyPaths", ["/vol/dir/sub"])]),
    Site("a device", "init_make_device own_device", IN_DIR, DIRECTORY, [
        put("linux", "devices", [{"path": "/vol/dir/null", "type": "c", "major": 1, "minor": 3, "uid": 7, "gid": 7, "fileMode": 438}])]),
    Site("/dev of the image, its devices and links", "init_make_device make_symlink init_bind_device open_parent open_null own_null",
         ROOTFS + "/dev", DIRECTORY, [without_mounts("/dev"), put("root", "readonly", False)]),
    Site("/dev/null of the image", "open_null own_null init_make_device", ROOTFS + "/dev/null", FILE,
         [without_mounts("/dev"), put("root", "readonly", False), put("linux", "maskedPaths", ["/vol/dir/file"]), show("/vol/dir/file")]),
    Site("/dev below a terminal", "open_master bind_console open_directory", ROOTFS + "/dev", DIRECTORY,
         [without_mounts("/dev/shm", "/dev/mqueue"), lambda c: c["mounts"].pop(next(i for i, m in enumerate(c["mounts"]) if m["destination"] == "/dev")),
          put("root", "readonly", False), put("process", "terminal", True)], terminal=True),
    Site("/proc, with a sysctl", "open_directory init_write_sysctl", ROOTFS + "/proc", DIRECTORY, [put("linux", "sysctl", {"kernel.shmmni": "1234"})]),
    Site("the working directory", "init_chdir change_directory init_change_directory init_set_user", IN_DIR, DIRECTORY,
         [put("process", "cwd", "/vol/dir/sub"), put("process", "args", ["sh", "-c", "cat file ../../file 2>/dev/null; true"])]),
    Site("a working directory that is made", "init_make_directory", IN_DIR, DIRECTORY, [put("process", "cwd", "/vol/dir/made/for/us")]),
    Site("what is copied up", "init_copy_up open_source", IN_DIR + "/sub", DIRECTORY,
         [tmpfs("/vol/dir", "tmpcopyup"), show("/vol/dir/sub/*", "/vol/dir/*")]),
    Site("passwd", "search_passwd", ROOTFS + "/etc/passwd", FILE, [put("process", "env", ["PATH=/bin", "A=b"]), put("process", "user", {"uid": 1000, "gid": 1000}), put("process", "args", ["sh", "-c", "echo \"$HOME\""])]),
    Site("a target that is not followed", "open_nofollow attach", IN_DIR + "/file", FILE, [
        add_mount("/vol/dir/file", type="bind", source=BUNDLE + "/config.json", options=["bind", "dest-nofollow"])]),
    Site("a link that is copied", "copy_symlink", IN_DIR, DIRECTORY, [
        add_mount("/vol/dir/made", type="bind", source=PLACE + "/alink", options=["bind", "copy-symlink"])]),
    Site("the program", "check_program init_find_program find_in_path", IN_DIR + "/program", FILE, [put("process", "args", ["/vol/dir/program", "cwd"])]),
    Site("exec: working directory, program and passwd", "init_chdir search_passwd check_program", IN_DIR, DIRECTORY,
         [put("process", "args", ["sleep", "100000"])], exec_words=["--cwd", "/vol/dir/sub", "--env", "HOME=", "box", "/vol/dir/program", "cwd"]),
]

# Functions that name nothing of the image.
NO_SITE = {
    "write_label": "through the runtime's own procfs, as the sysctl is",
    "init_write_self": "through the runtime's own procfs",
    "init_hide_host_mounts": "reads the list of mounts in the runtime's own procfs",
}


def functions_that_open():
    """{name: file} of the functions of runtime/init that call an opener."""
    found = {}
    directory = os.path.join(TOP, "runtime/init")
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".c"):
            continue
        function = None
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            for line in file:
                start = re.match(r"^(?:static )?(?:_Noreturn |inline )?[a-z].*?\b(\w+)\($|^(?:static )?[a-z].*?[ *](\w+)\(", line)
                if start and not line.startswith(("\t", " ", "#")):
                    function = start.group(1) or start.group(2)
                if function and line.startswith("\t") and re.search(OPENERS, line):
                    found[function] = name
    return found


def lay_out():
    shutil.rmtree(PLACE, ignore_errors=True)
    for path in (CANARY + "/sub", VOLUME):
        os.makedirs(path)
    shutil.copytree(WORK + "/template", BUNDLE, symlinks=True)
    for path in (CANARY + "/file", CANARY + "/sub/file", CANARY + "/program"):
        write(path, SECRET)
    os.chmod(CANARY + "/program", 0o755)
    os.mkdir(ROOTFS + "/vol")
    os.symlink("../canary", PLACE + "/alink")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def others_beside(path, names):
    """Make what the peer puts in the place of PATH, beside it; the words for the peer."""
    beside, words = os.path.dirname(path) + "/.other-" + os.path.basename(path), []
    shutil.rmtree(beside, ignore_errors=True)
    os.makedirs(beside + "/otherdir/sub")
    os.makedirs(VOLUME + "/otherdir/sub", exist_ok=True)
    # What is looked up below the other directory leads to the canary once more.
    os.symlink(CANARY + "/file", beside + "/otherdir/file")
    os.symlink(CANARY, beside + "/otherdir/made")
    os.symlink("../../../../../../../../../../.." + CANARY, beside + "/up")
    os.symlink(CANARY, beside + "/link")
    os.symlink(CANARY + "/file", beside + "/filelink")
    write(beside + "/plainfile", "plain")
    os.mkfifo(beside + "/fifo")
    for name in names:
        words.append(name if name == "gone" or name.startswith("mount:") else beside + "/" + name)
    return words


def prepare(site):
    lay_out()
    os.makedirs(IN_DIR + "/sub")
    write(IN_DIR + "/file", "plain")
    write(IN_DIR + "/sub/file", "plain")
    shutil.copy(ROOTFS + "/bin/helper", IN_DIR + "/program")
    if site.swapped == ROOTFS + "/dev/null":
        os.mknod(ROOTFS + "/dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with open(WORK + "/template/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config["linux"]["cgroupsPath"] = os.environ["CGROUP_PARENT"] + "/race"
    config["process"]["capabilities"] = {}
    config["root"]["readonly"] = False
    config["mounts"].append({"destination": "/vol", "type": "bind", "source": VOLUME, "options": ["rbind", "rw"]})
    for change in site.config:
        change(config)
    write(BUNDLE + "/config.json", json.dumps(config))
    return others_beside(site.swapped, site.others)


def picture():
    """The canary and the mounts of this namespace, to compare."""
    lines = []
    for directory, names, files in sorted(os.walk(CANARY)):
        for name in [".", *sorted(names + files)]:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            lines.append((path, info.st_mode, info.st_uid, info.st_gid, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns))
    return lines


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        # The peer's own comes and goes.
        return sorted(line.split(" - ")[0].split(None, 3)[3] for line in file if VOLUME not in line and ROOTFS not in line)


class Console(threading.Thread):
    """Takes whatever is sent to the console socket."""

    def __init__(self):
        super().__init__(daemon=True)
        self.path, self.held = PLACE + "/console", []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(16)

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                _, rights, _, _ = connection.recvmsg(4096, 4096)
                for _, _, data in rights:
                    self.held += array.array("i", data[:len(data) - len(data) % 4])

    def let_go(self):
        while self.held:
            os.close(self.held.pop())


def mayfly(*words):
    with open(PLACE + "/out", "wb+") as out:
        process = subprocess.Popen([os.environ["MAYFLY"], "--root", ROOT, *words], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, start_new_session=True)
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = None
        out.seek(0)
        return code, out.read(65536).decode(errors="replace")


def one_round(site):
    """What must not be, or None; whether the container came into being; and mayfly's own words."""
    if site.exec_words:
        code, text = mayfly("exec", *site.exec_words)
    elif site.terminal:
        code, text = mayfly("create", "--bundle", BUNDLE, "--console-socket", PLACE + "/console", "box")
        if code == 0:
            mayfly("delete", "--force", "box")
        site.console.let_go()
    else:
        code, text = mayfly("run", "--bundle", BUNDLE, "box")
    if code is None:
        return "hangs", False, text
    if code < 0:
        return "ended by signal %d" % -code, False, text
    if SECRET in text:
        return "showed the canary: " + text[:200], False, text
    if not site.exec_words and os.path.exists(ROOT + "/box"):
        return "left its state: " + text[:200], False, text
    return None, code == 0, text


def race(site, rounds):
    words = prepare(site)
    if site.terminal:
        site.console = Console()
        site.console.start()
    if site.exec_words:
        code, text = mayfly("run", "--detach", "--bundle", BUNDLE, "box")
        if code:
            return ["no container to enter: " + text], 0, 0
    effect, fine, text = one_round(site)
    if effect or not fine:
        return ["it does not even run without a peer: %s" % (effect or text)], 0, 0
    before, mounts_before = picture(), mounts()
    effects, ran, tried = [], 0, 0
    peer = subprocess.Popen([WORK + "/peer", PLACE + "/swaps", site.swapped, *words])
    try:
        for tried in range(1, rounds + 1):
            effect, fine, text = one_round(site)
            ran += fine
            if not effect and tried % 20 == 0 and picture() != before:
                effect = "the canary was touched"
            if effect:
                effects.append("round %d: %s" % (tried, effect))
                if len(effects) == 3:
                    break
    finally:
        peer.terminate()
        peer.wait()
        mayfly("delete", "--force", "box")
    if picture() != before:
        effects.append("the canary was touched")
    if mounts() != mounts_before:
        effects.append("the host's mounts changed")
    with open(PLACE + "/swaps", encoding="utf-8") as file:
        return effects, ran, int(file.read())


def check_sites():
    covered = {name for site in SITES for name in site.covers}
    return ["%s in runtime/init/%s looks a name up: give it a site in tests/race/race.py" % (name, file)
            for name, file in functions_that_open().items() if name not in covered and name not in NO_SITE]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="of each site (default: 100; the whole: 100000)")
    parser.add_argument("--seconds", type=float, default=0, help="end a site after that many, whatever its rounds")
    parser.add_argument("--filter", default="", help="only sites whose name matches this regular expression")
    options = parser.parse_args()
    missing = check_sites()
    for line in missing:
        print(line)
    failed, passed, total, began = len(missing), int(not missing), 0, time.monotonic()
    for site in SITES:
        if not re.search(options.filter, site.name):
            continue
        effects, ran, swaps = race(site, options.rounds)
        print("%-6s %-45s %6d rounds, %6d ran, %8d swaps, %d effects" % (
            "FAILED" if effects else "ok", site.name, options.rounds, ran, swaps, len(effects)), flush=True)
        for effect in effects:
            print("       " + effect)
        failed, passed, total = failed + bool(effects), passed + (not effects), total + options.rounds
    print("%d rounds in %d s" % (total, time.monotonic() - began))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
