"""Scoring models exactly: predictions, top-k lists in blocks, per-user values."""
