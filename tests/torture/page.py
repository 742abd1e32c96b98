# SPDX-License-Identifier: Apache-2.0
"""docs/verdicts.md, out of what was measured."""

import csv

import rivals
from cases import CASES

COLUMNS = ["tool", "case", "expected", "judgement", "reading", "answer", "left"]
MARKS = {"right": "right", "wrong": "**wrong**", "unknown": "unknown", "cannot": "–", "": "not measured"}
TITLES = {tool.name: tool.title for tool in rivals.RIVALS}

HEAD = """# Why did it end? What each tool can tell

Made by `tests/torture/table page`, of what `tests/torture/table measure` saw in the test machine: nobody edits this page.
The programs are those of the torture suite ([cases.py](../tests/torture/cases.py)): each ends, or is ended, in one way, and
there is one right answer to the question why. Each tool was given the limits of the case as its own options say them, and
then asked everything it can be asked. Its answer is read by rules ([rivals.py](../tests/torture/rivals.py)) as all endings
that it may mean:

* **right**: it can mean the true ending only;
* **wrong**: it cannot mean the true ending;
* **unknown**: it means the true ending or another one, and nothing says which;
* **–**: the tool has no such limit, or cannot make the situation: it was not asked. It is counted for nobody.

A tool has the benefit of every doubt. Only what programs print too is no evidence: a sentence on stderr proves nothing,
for the program may have written it. (One exception is for the tools' good: timeout(1) is run with `--verbose`, and its word
that it sent a signal is believed.)
"""

RULES = """## How the answers are read

| tool | limits | read |
|---|---|---|
| `docker run` with runc, `timeout -k` around it | `--memory`, `--memory-swap` (equal), `--pids-limit`, `--ulimit` (cpu, fsize, nofile, stack), `--tmpfs size=`, `--security-opt seccomp=` | timeout sent a signal: timeout. `docker inspect`: an `Error`, or never started: start-failed. `OOMKilled` and `ExitCode` 137: memory-limit. Then the exit code |
| `docker run` with runsc | the same, with `--oci-seccomp`; no PID namespace of the host, and a cgroup above it says nothing of its own | the same |
| `podman run --timeout` | the same | `podman inspect`: the same; 137, 255 or -1 after at least the seconds of `--timeout`: timeout |
| bubblewrap, `prlimit` inside, `timeout -k` around it | `prlimit` (cpu, fsize, nofile, stack), `--size`, `--seccomp` | timeout sent a signal: timeout. Status 1: its own failure, or the program's exit 1; 125 to 127: of timeout or prlimit, or the program's. Then the exit code |
| `systemd-run --wait` | `RuntimeMaxSec=`, `MemoryMax=`, `MemorySwapMax=0`, `TasksMax=`, `OOMPolicy=`, `LimitCPU=` and its like, `SystemCallFilter=`, `TemporaryFileSystem=` | `Result=timeout` (with an exit code: also the end of what it left behind), `Result=oom-kill`; a status from 200 to 254, or no process: start-failed. Signals and exit codes are told apart; SIGKILL is also what another cgroup's limit does |

Exit codes: 0 is ok, up to 128 and above 192 it is the program's. Between them it is the program's, or a signal: SIGXCPU and
SIGXFSZ are read as the limit of processor time and of file size where that was set; SIGSYS, where a filter was, as a
forbidden call or a kill(); SIGKILL as a kill() or as a limit of memory above the container's own.

`OOMKilled` and `oom-kill` are read as the container's own limit, as everybody reads them, though a limit above it or the whole
machine says the same: that makes each row of memory right, and the one of an ancestor wrong. Where a program died of memory in
execve(), memory-limit counts as right too.

The wall clock of docker's timeout(1) is the case's and twice what a start takes in the emulated machine, so that no tool's
answer depends on its speed. None of these tools has a limit of output, an end at the limit of processes, or (but systemd) a
group that ends together when memory is gone: those cases are "–".

Whoever is killed by timeout(1) around `docker run` is the client. What was still running when it had ended is counted
under "left running".
"""


def load(paths):
    rows = {}
    for path in paths:
        with open(path) as file:
            for row in csv.DictReader(file):
                rows[row["tool"], row["case"]] = row
    return rows


def totals(rows, tool):
    mine = [rows[tool, case.name] for case in CASES if (tool, case.name) in rows]
    count = {word: sum(row["judgement"] == word for row in mine) for word in MARKS if word}
    left = sum(row["left"] == "yes" for row in mine)
    return "| %s | %d | %d | %d | %d | %d |" % (
        TITLES[tool], count["right"], count["wrong"], count["unknown"], count["cannot"], left)


def notable(rows, tools):
    """What was wrong, in words."""
    for case in CASES:
        for tool in tools:
            row = rows.get((tool, case.name))
            if row and row["judgement"] == "wrong":
                yield "| %s | %s | %s | %s | %s |" % (
                    case.name, TITLES[tool], row["expected"], row["reading"], row["answer"].replace("|", "/"))


def write(paths, out):
    rows = load(paths)
    tools = [name for name in TITLES if any(tool == name for tool, _ in rows)]
    say = lambda text: print(text, file=out)  # noqa: E731
    say(HEAD)
    if "mayfly" not in tools:
        say("mayfly's own column is not in what this page was made of: `tests/torture/table measure --tool mayfly` makes it.\n")
    say("## Totals\n\n%d cases.\n" % len(CASES))
    say("| | right | wrong | unknown | not asked | left running |\n|---|---|---|---|---|---|")
    for tool in tools:
        say(totals(rows, tool))
    if any((tool, case.name) not in rows for tool in tools for case in CASES):
        say("\nNot all of it was measured yet: those cells say so, and are counted nowhere.")
    say("\n## Case by case\n")
    say("| case | what it proves | the right answer | %s |" % " | ".join(TITLES[tool] for tool in tools))
    say("|---|---|---|%s" % ("---|" * len(tools)))
    for case in CASES:
        marks = [MARKS[rows[tool, case.name]["judgement"] if (tool, case.name) in rows else ""] for tool in tools]
        say("| %s | %s | %s | %s |" % (
            case.name, case.proves, rivals.describe({rivals.ending(case)}), " | ".join(marks)))
    say("\n## What was wrong\n\n| case | tool | the truth | what its answer means | its answer |\n|---|---|---|---|---|")
    for line in notable(rows, tools):
        say(line)
    say("\n" + RULES.rstrip())
