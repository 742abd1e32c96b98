#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sections of the bench, each one run of the runner and one table: measure.py, started by inside, which sets everything
up and says in the environment where it is."""

import csv
import os
import re
import statistics
import subprocess
import sys
import time

E = os.environ
QUICK = E["quick"] == "yes"
OWN, STAGE, CRUN, CGROUP = E["own"], E["stage"], E["crun_path"], "/sys/fs/cgroup"
IN_ROOT = ["unshare", "--mount", "--propagation", "private", "bash", "-c",
           'cd "$0" && pivot_root . . && umount -l . && cd / && exec "$@"', E["debian"]]
RUNTIMES = {
    "base": ["/bench/mayfly", "--root", "/run/base"],
    "mayfly": ["/bench/mayfly", "--root", "/run/mayfly"],
    "crun": [CRUN, "--cgroup-manager=cgroupfs", "--root", "/run/crun"],
    "runc": ["/usr/bin/runc", "--root", "/run/runc"],
}
BWRAP = """/usr/bin/bwrap --unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup --ro-bind /bench/rootfs /
    --proc /proc --dev /dev --tmpfs /dev/shm --clearenv --setenv PATH /bin /bin/true""".split()
ROWS = []


def rounds(full, quick):
    return max(2, int(int(E["rounds"]) * full / 100)) if not QUICK else quick


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def runner(commands, count, *options):
    """[[columns of each round] of each command]"""
    words = []
    for command in commands:
        words += ["--"] * bool(words) + command
    out = STAGE + "/out"
    subprocess.run([*IN_ROOT, "/usr/bin/chrt", "-r", "1", "/bench/runner", *options, str(count), "/bench/out", *words],
                   check=True)
    found = [[] for _ in commands]
    with open(out) as file:
        for line in file:
            index, *columns = line.split()
            found[int(index)].append([float(column) for column in columns])
    return found


def cell(value, width=8, form="%.3f"):
    return "%*s" % (width, "-" if value is None else form % value)


def table(section, what, names, found, first="mayfly"):
    """One line for each name: the medians, and the ratios of the first to it, round by round."""
    ours = [row[0] for row in found[names.index(first)]]
    print("\n%s: %s (n=%d, microseconds)" % (section, what, len(ours)))
    print("%-9s %8s %8s %8s %8s %8s %8s %13s %8s %8s" % (
        "", "median", "min", "p90", "max", "RSS KiB", "faults", first + "/it", "p10", "p90"))
    for name, rows in zip(names, found):
        times = [row[0] for row in rows]
        ratios = [mine / its for mine, its in zip(ours, times)]
        row = {"section": section, "what": what, "name": name, "n": len(times), "median": statistics.median(times),
               "min": min(times), "p90": percentile(times, 0.9), "max": max(times),
               "rss_kib": max(row[1] for row in rows), "faults": statistics.median(row[4] for row in rows),
               "ratio": statistics.median(ratios), "ratio_p10": percentile(ratios, 0.1),
               "ratio_p90": percentile(ratios, 0.9)}
        ROWS.append(row)
        print("%-9s %8.0f %8.0f %8.0f %8.0f %8d %8d %13.3f %8.3f %8.3f" % tuple(row[key] for key in (
            "name", "median", "min", "p90", "max", "rss_kib", "faults", "ratio", "ratio_p10", "ratio_p90")))
    sys.stdout.flush()


def simple(section, what, unit, values):
    """{name: number}, the ratio is mayfly's to the others."""
    print("\n%s: %s (%s)" % (section, what, unit))
    for name, value in values.items():
        ratio = values["mayfly"] / value if value else None
        ROWS.append({"section": section, "what": what, "name": name, "n": 1, "median": value, "ratio": ratio})
        print("%-9s %10.1f %13s" % (name, value, cell(ratio)))
    sys.stdout.flush()


def verb(name, *words):
    return RUNTIMES[name] + list(words)


def run(name, bundle):
    if name == "floor":
        return ["/bench/floor", "run", bundle, "/bench/rootfs", "%s/%s/floor@" % (CGROUP, OWN)]
    if name == "bwrap":
        return BWRAP
    return verb(name, "run", "--bundle", "/bench/%s-%s" % (bundle, name.replace("base", "mayfly")), name + "@")


def with_base(commands):
    """A pin lasts as long as the mount namespace of the runner: made in turn, and not counted."""
    return [verb("base", "doctor", "--prepare")] + commands


def section_run():
    for bundle in "AD":
        names = ["mayfly", "crun", "runc", "floor"] + ["bwrap"] * (bundle == "A")
        table("run", "bundle " + bundle, names, runner([run(name, bundle) for name in names], rounds(100, 15)))
    names = ["base", "crun", "floor"]
    found = runner(with_base([run(name, "A") for name in names]), rounds(100, 15))[1:]
    table("run", "bundle A, prepared", names, found, "base")


def section_lifecycle():
    names = ["mayfly", "crun", "runc"]
    verbs = ["create", "state", "start", "delete"]
    commands = []
    for word in verbs:
        for name in names:
            bundle = ["--bundle", "/bench/A-" + name] if word == "create" else []
            command = verb(name, word, *bundle, name + "@")
            # Its container ends soon after start, and is our child.
            commands.append(["%" + command[0], *command[1:]] if word == "start" else command)
    commands.append(["/bench/floor", "state", "/bench/A/config.json"])
    found = runner(commands, rounds(60, 10), "--group", str(len(names)))
    for at, word in enumerate(verbs):
        part = found[at * len(names):(at + 1) * len(names)]
        small = word != "create"
        table(word, "bundle A", names + ["floor"] * small, part + [found[-1]] * small)


def sleepers(name, count, first=0):
    for number in range(first, first + count):
        subprocess.run([*IN_ROOT, *verb(name, "run", "--detach", "--bundle", "/bench/S-" + name, "s%s%d" % (name, number))],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def end_sleepers(name, count):
    for number in range(count):
        subprocess.run([*IN_ROOT, *verb(name, "delete", "--force", "s%s%d" % (name, number))], check=True)


def section_exec():
    names = ["mayfly", "crun", "runc"]
    for name in names:
        sleepers(name, 1)
    commands = [verb(name, "exec", "s%s0" % name, "/bin/true") for name in names]
    table("exec", "/bin/true", names, runner(commands, rounds(60, 10)))
    for name in names:
        end_sleepers(name, 1)


def section_once():
    if subprocess.run([STAGE + "/mayfly", "help", "once"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        print("\nonce: this mayfly has no such command")
        return
    commands = [verb("mayfly", "once", "--bundle", "/bench/A-mayfly"), run("crun", "A"), run("floor", "A")]
    table("once", "bundle A", ["mayfly", "crun", "floor"], runner(commands, rounds(60, 10)))


def section_throughput():
    for bundle in "AD":
        for parallel in (1, 2, 8):
            names = ["mayfly", "crun"] + ([] if QUICK else ["runc", "floor"])
            # Several at once cannot share one cgroup: each runtime has its own way to name them.
            commands = [run(name, bundle if name == "floor" else "P" + bundle) for name in names]
            found = runner(commands, rounds(200, 16), "--parallel", str(parallel))
            simple("throughput", "bundle %s, %d at a time" % (bundle, parallel), "runs/s",
                   {name: rows[0][0] for name, rows in zip(names, found)})


def kernel_kib():
    time.sleep(1)
    with open("/proc/meminfo") as file:
        facts = dict(re.findall(r"^(\w+):\s+(\d+)", file.read(), re.M))
    return sum(int(facts.get(key, 0)) for key in ("Slab", "KernelStack", "PageTables", "Percpu", "AnonPages", "Shmem"))


def section_alive():
    names, alive = ["mayfly", "crun"], 0
    memory = {}
    for count in (10,) if QUICK else (10, 100, 500):
        before = kernel_kib()
        sleepers("mayfly", count - alive, alive)
        memory["mayfly"] = (kernel_kib() - before) / (count - alive)
        alive = count
        table("alive", "%d containers alive" % count, names + ["floor"],
              runner([run(name, "A") for name in names + ["floor"]], rounds(40, 5)))
    count = 10 if QUICK else 100
    before = kernel_kib()
    sleepers("crun", count)
    memory["crun"] = (kernel_kib() - before) / count
    simple("memory", "left per running container, of all the machine", "KiB", memory)
    end_sleepers("crun", count)
    end_sleepers("mayfly", alive)


def section_host():
    names = ["mayfly", "base", "crun", "floor"]
    commands = with_base([run(name, "A") for name in names])
    for mounts in (30, 1000) if QUICK else (30, 1000, 3000):
        table("host", "%d more mounts" % mounts, names, runner(commands, rounds(40, 5), "--mounts", str(mounts))[1:])
    for tasks in (8000,) if QUICK else (0, 8000):
        table("host", "%d more tasks" % tasks, names,
              runner(commands, rounds(40, 5), "--mounts", "1", "--tasks", str(tasks))[1:])


def calls_of(command):
    out = STAGE + "/strace.out"
    subprocess.run([*IN_ROOT, "/usr/bin/strace", "-f", "-qq", "-o", "/bench/strace.out", *command], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(out) as file:
        return len(re.findall(r"^\d+ +[a-z_0-9]+\(", file.read(), re.M))


def instructions_of(command):
    done = subprocess.run([*IN_ROOT, "/usr/bin/valgrind", "--tool=none", "--trace-children=no", "--version"],
                          stdout=subprocess.DEVNULL)
    if done.returncode:
        return None
    done = subprocess.run([*IN_ROOT, "/usr/bin/valgrind", "--tool=callgrind", "--trace-children=yes",
                           "--callgrind-out-file=/dev/null", *command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    found = re.findall(r"Collected : (\d+)", done.stderr)
    return sum(map(int, found)) if done.returncode == 0 and found else None


def section_counts():
    names = ["mayfly", "crun", "runc"]
    simple("calls", "run of bundle A, all processes, the program's own too", "system calls",
           {name: calls_of([word.replace("@", "0") for word in run(name, "A")]) for name in names + ["floor", "bwrap"]})
    for name in names:
        sleepers(name, 1)
    for words, count in ((["state"], calls_of), (["exec"], calls_of), (["state"], instructions_of)):
        values = {}
        for name in names:
            more = ["/bin/true"] if words == ["exec"] else []
            value = count(verb(name, *words, "s%s0" % name, *more))
            if value:
                values[name] = value
        if "mayfly" in values:
            simple("calls" if count is calls_of else "instructions", words[0],
                   "system calls" if count is calls_of else "callgrind", values)
    for name in names:
        end_sleepers(name, 1)


SECTIONS = {name[len("section_"):]: found for name, found in list(globals().items()) if name.startswith("section_")}


def write_chart(path):
    """Milliseconds, a line for each group of bars: what chart.gnuplot draws."""
    groups = [("run", "bundle A", "run A"), ("run", "bundle D", "run D")] + [
        (word, "bundle A", word) for word in ("create", "start", "state", "delete")] + [("exec", "/bin/true", "exec")]
    found = {(row["section"], row["what"], row["name"]): row["median"] for row in ROWS}
    with open(path, "w") as file:
        for section, what, label in groups:
            if (section, what, "mayfly") in found:
                values = [found.get((section, what, name)) for name in ("mayfly", "crun", "runc", "floor")]
                file.write(",".join([label] + ["%.3f" % (v / 1000) if v else "" for v in values]) + "\n")


def main():
    wanted = E["sections"].split(",") if E["sections"] else list(SECTIONS)
    status = 0
    for name in wanted:
        try:
            SECTIONS[name]()
        except (subprocess.CalledProcessError, statistics.StatisticsError, IndexError) as error:
            print("\n%s: not measured: %s" % (name, error), file=sys.stderr)
            status = 1
    with open(E["csv"], "w", newline="") as file:
        keys = "section what name n median min p90 max rss_kib faults ratio ratio_p10 ratio_p90".split()
        writer = csv.DictWriter(file, keys, restval="", lineterminator="\n")
        writer.writeheader()
        for row in ROWS:
            writer.writerow({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()})
    write_chart(E["csv"][:-len(".csv")] + ".chart.csv")
    print("\nwritten: " + E["csv"])
    return status


if __name__ == "__main__":
    sys.exit(main())
