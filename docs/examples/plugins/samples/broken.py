"""Fails by itself."""
import sys

sys.exit("broken: I cannot")
