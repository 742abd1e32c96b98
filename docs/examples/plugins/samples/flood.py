"""Writes more than anybody wants to read."""
while True:
    print("all work and no play makes mayfly a dull fly")
