"""Needs longer than the others: plugins.toml says so."""
import time

time.sleep(8)
print("done at last")
