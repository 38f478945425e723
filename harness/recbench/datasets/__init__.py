"""Data sets: one file per source; download, verify, cache."""
