#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the figures of a bench into docs/performance.md, between its two marks: page.py BENCH.csv LOG PAGE. LOG is what
tests/bench/run printed: its first lines say which versions ran, and where."""

import csv
import sys

BEGIN, END = "<!-- figures: tests/bench/page.py -->\n", "<!-- end of figures -->\n"
HEAD = "| | runtime | n | median | p90 | peak RSS KiB | faults | mayfly/it (p10 to p90) |\n|---|---|---|---|---|---|---|---|\n"
UNITS = {"throughput": "runs/s", "memory": "KiB", "calls": "system calls", "instructions": "instructions"}


def number(text, digits=0):
    return "%.*f" % (digits, float(text)) if text else ""


def line(row, last):
    what = "%s, %s" % (row["section"], row["what"])
    if row["section"] in UNITS:
        what += " (%s)" % UNITS[row["section"]]
    ratio = number(row["ratio"], 2)
    if row["ratio_p10"]:
        ratio += " (%s to %s)" % (number(row["ratio_p10"], 2), number(row["ratio_p90"], 2))
    return "| %s | %s | %s | %s | %s | %s | %s | %s |\n" % (
        "" if what == last else what, row["name"], row["n"], number(row["median"]), number(row["p90"]), row["rss_kib"] and
        number(row["rss_kib"]), number(row["faults"]), ratio), what


def main():
    figures, log, page = sys.argv[1:]
    with open(log) as file:
        about = [text.strip() for text in file if text.split(":")[0] in (
            "mayfly", "crun", "runc", "bubblewrap", "floor", "kernel")]
    text, last = "".join("* %s\n" % fact for fact in about) + "\n" + HEAD, ""
    with open(figures, newline="") as file:
        for row in csv.DictReader(file):
            added, last = line(row, last)
            text += added
    with open(page) as file:
        old = file.read()
    before, rest = old.split(BEGIN)
    with open(page, "w") as file:
        file.write(before + BEGIN + text + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
