#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many short containers, and what stays of them: nothing.

Before and after, and a few times between, counted: descriptors of this process (whose socket and pipes every mayfly
inherits), cgroups, mounts, namespaces of each kind that a process holds, keys and keyrings, zombies and other
processes, files below the state root and /run, and the memory that the kernel keeps for cgroups and mounts. Of
twenty runs between, the largest resident size is taken. Started by tests/soak/run."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

WORK = os.environ["WORK"]
CGROUPS = os.environ["CGROUP_MOUNT"] + os.environ["CGROUP_PARENT"]
PLACE, ROOT, BUNDLE = WORK + "/soak", WORK + "/soak-root", WORK + "/soak/bundle"


def mayfly(*words):
    """Ends the whole test when the command fails."""
    with open(PLACE + "/out", "wb+") as out:
        code = subprocess.call([os.environ["MAYFLY"], "--root", ROOT, *words], stdin=subprocess.DEVNULL, stdout=out,
                               stderr=out)
        if code:
            out.seek(0)
            sys.exit("mayfly %s: %d %s" % (" ".join(words), code, out.read().decode(errors="replace")))


def measured(*words):
    """The largest resident size of one command in KiB. By the helper: a child of ours begins with Python's."""
    subprocess.run([WORK + "/helper", "bounded", "60000", PLACE + "/bounded", "--", os.environ["MAYFLY"], "--root", ROOT, *words],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    with open(PLACE + "/bounded", encoding="utf-8") as file:
        return int(file.read().split()[2])


def by_run(number):
    mayfly("run", "--bundle", BUNDLE, "soak%d" % (number % 7))


def by_create(number):
    name = "soak%d" % (number % 7)
    mayfly("create", "--bundle", BUNDLE, name)
    mayfly("start", name)
    mayfly("delete", "--force", name)


def by_once(number):
    mayfly("once", "--bundle", BUNDLE)


WAYS = {"run": by_run, "create": by_create, "once": by_once}


def count_files(top):
    return sum(len(names) + len(files) for _, names, files in os.walk(top))


def processes():
    """(zombies, others, namespaces held)"""
    zombies = others = 0
    namespaces = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, encoding="utf-8") as file:
                zombie = file.read().rsplit(")", 1)[1].split()[0] == "Z"
            zombies, others = zombies + zombie, others + (not zombie)
            namespaces |= {os.readlink("/proc/%s/ns/%s" % (pid, kind)) for kind in os.listdir("/proc/%s/ns" % pid)}
        except OSError:
            pass
    return zombies, others, len(namespaces)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return sum(1 for _ in file)


def picture():
    zombies, others, namespaces = processes()
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "cgroups": sum(1 for _ in os.walk(CGROUPS)),
        "mounts": lines("/proc/self/mountinfo"),
        "namespaces": namespaces,
        "keys": lines("/proc/keys"),
        "zombies": zombies,
        "processes": others,
        "files of the state": count_files(ROOT),
        "files below /run": count_files("/run") - count_files(WORK),
    }


def dying_cgroups():
    """What the kernel still holds of removed cgroups; it lets go when it likes, so it is shown and not judged."""
    with open(CGROUPS + "/cgroup.stat", encoding="utf-8") as file:
        return int(re.search(r"nr_dying_descendants (\d+)", file.read()).group(1))


def settle(before):
    """The kernel takes namespaces and cgroups away a moment later."""
    for _ in range(100):
        after = picture()
        if dict(after, keys=0) == dict(before, keys=0) and after["keys"] <= before["keys"]:
            break
        time.sleep(0.1)
    return after


def soak(name, count):
    # Caches are made by the first, and are there for good.
    for number in range(3):
        WAYS[name](number)
    before, sizes, began = picture(), [], time.monotonic()
    for number in range(count):
        WAYS[name](number)
        if number % max(1, count // 20) == 0:
            sizes.append(measured("run", "--bundle", BUNDLE, "measured"))
    took = time.monotonic() - began
    after = settle(before)
    print("%s: %d in %.1f s, %.2f ms each" % (name, count, took, took * 1000 / count))
    print("  %-20s %8s %8s" % ("", "before", "after"))
    for key in before:
        print("  %-20s %8d %8d%s" % (key, before[key], after[key], "" if before[key] == after[key] else "   differs"))
    print("  %-20s %8d %8d KiB" % ("largest process", sizes[0], sizes[-1]))
    print("  %-20s          %8d" % ("dying cgroups", dying_cgroups()))
    # Keys are the whole machine's, and go when the kernel finds the time: a leak would be one of each container.
    keys = after.pop("keys") - before.pop("keys")
    return before == after and keys < 8 + count // 10 and max(sizes[len(sizes) // 2:]) <= max(sizes[:len(sizes) // 2]) + 256


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=int, default=500, help="how many by run (default: 500)")
    parser.add_argument("--create", type=int, default=200, help="how many by create, start, delete (default: 200; the whole: 5000)")
    parser.add_argument("--once", type=int, default=0, help="how many by once (default: 0; the whole: 50000)")
    options = parser.parse_args()
    os.makedirs(PLACE)
    subprocess.run(["cp", "-a", WORK + "/template", BUNDLE], check=True)
    with open(BUNDLE + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config["linux"].pop("cgroupsPath", None)
    config["process"]["args"] = ["true"]
    with open(BUNDLE + "/config.json", "w", encoding="utf-8") as file:
        json.dump(config, file)
    results = [soak(name, count) for name, count in (("run", options.run), ("create", options.create), ("once", options.once)) if count]
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
