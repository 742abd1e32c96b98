#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a runner's output: table.py FILE NAME..., the first name being the one the others are compared to."""

import statistics
import sys


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def main():
    path, *names = sys.argv[1:]
    times, memory = [[] for _ in names], [[] for _ in names]
    with open(path) as file:
        for line in file:
            index, micros, rss, *_ = line.split()
            times[int(index)].append(float(micros))
            memory[int(index)].append(int(rss))
    if not all(times) or len({len(t) for t in times}) != 1:
        sys.exit("the runs are not complete")
    print("%-8s %9s %9s %9s %9s %12s" % ("", "median us", "min", "p90", "max", "peak RSS KiB"))
    for name, values, rss in zip(names, times, memory):
        print("%-8s %9.0f %9.0f %9.0f %9.0f %12d" % (
            name, statistics.median(values), min(values), percentile(values, 0.9), max(values), max(rss)))
    for name, values in list(zip(names, times))[1:]:
        ratios = [ours / theirs for ours, theirs in zip(times[0], values)]
        print("%s/%s, pair by pair: median %.3f, from %.3f (p10) to %.3f (p90)" % (
            names[0], name, statistics.median(ratios), percentile(ratios, 0.1), percentile(ratios, 0.9)))


if __name__ == "__main__":
    main()
