# tests/: see tests/README.md.
