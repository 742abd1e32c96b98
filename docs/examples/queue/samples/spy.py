"""Doubles, and looks into its parent on the way: ptrace is forbidden."""
import ctypes
import os
import sys

ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)
for line in sys.stdin:
    print(2 * int(line))
