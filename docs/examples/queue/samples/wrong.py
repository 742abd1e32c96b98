"""Doubles small numbers only."""
import sys

for line in sys.stdin:
    print(2 * int(line) if int(line) < 1000 else 0)
