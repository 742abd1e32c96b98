"""Keeps 200 MB."""
kept = bytearray(200_000_000)
for place in range(0, len(kept), 4096):
    kept[place] = 1
