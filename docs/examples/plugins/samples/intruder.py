"""Tries to make a user namespace, which nobody may here."""
import ctypes

ctypes.CDLL(None).unshare(0x10000000)
print("still here")
