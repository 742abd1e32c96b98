#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print what llvm-cov counted: a line per directory, and the functions that never ran.

usage: report.py TOP COVERAGE.json NOT-COVERED.txt

COVERAGE.json is what `llvm-cov export` prints. NOT-COVERED.txt gets each line of mayfly's sources, and each side of a
branch, that never ran. Only what is below runtime/, oci/ and hooks/ of TOP counts.
"""

import collections
import json
import os
import sys

ROOMS = ("runtime/", "oci/", "hooks/")
KINDS = ("lines", "branches", "functions")


def name_of(path, top):
    """The path below TOP of a file that counts, or None."""
    name = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    return name if name.startswith(ROOMS) else None


def dead_lines(segments):
    """The lines in which every region that starts or goes on has the count 0."""
    dead, live = set(), set()
    for (line, _, count, counted, *_), following in zip(segments, segments[1:] + [None]):
        last = following[0] if following else line
        if not counted:
            continue
        # A region that ends where the next begins does not own that line, unless it began there.
        for number in range(line, max(line + 1, last)):
            (live if count else dead).add(number)
    return dead - live


def ranges(numbers):
    """[1, 2, 3, 7] as "1-3, 7"."""
    out = []
    for number in sorted(numbers):
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def percent(covered, count):
    return f"{covered:6d} of {count:6d} {100 * covered / count if count else 100:5.1f} %"


def main(top, coverage, not_covered):
    with open(coverage, encoding="utf-8") as file:
        data = json.load(file)["data"][0]
    rooms = collections.defaultdict(lambda: {kind: [0, 0] for kind in KINDS})
    total = {kind: [0, 0] for kind in KINDS}
    with open(not_covered, "w", encoding="utf-8") as out:
        for file in sorted(data["files"], key=lambda file: file["filename"]):
            name = name_of(file["filename"], top)
            if not name:
                continue
            for kind in KINDS:
                for sums in (rooms[os.path.dirname(name)], total):
                    sums[kind][0] += file["summary"][kind]["covered"]
                    sums[kind][1] += file["summary"][kind]["count"]
            lines = dead_lines(file["segments"])
            if lines:
                out.write(f"{name}: lines {ranges(lines)}\n")
            for branch in file.get("branches", []):
                line, column, taken, not_taken = branch[0], branch[1], branch[4], branch[5]
                if taken + not_taken and not (taken and not_taken):
                    side = "true" if not taken else "false"
                    out.write(f"{name}:{line}:{column}: never {side}\n")
    print(f"{'':24s} {'lines':>25s} {'branches':>25s} {'functions':>25s}")
    for room, sums in sorted(rooms.items()) + [("all of it", total)]:
        print(f"{room:24s} " + " ".join(percent(*sums[kind]) for kind in KINDS))
    # A static function of a header is there once per file that includes it; it ran if one of them did.
    counts = collections.Counter()
    for function in data["functions"]:
        name = name_of(function["filenames"][0], top)
        if name:
            counts[(name, function["name"].rsplit(":", 1)[-1])] += function["count"]
    never = sorted(key for key, count in counts.items() if count == 0)
    print(f"\n{len(never)} functions never ran:")
    for name, function in never:
        print(f"  {name}: {function}")
    print(f"\neach line and branch that never ran: {not_covered}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
