"""Splits: pure functions from interactions and a seed to row indices, hashed."""

from recbench.splits.split import Split

__all__ = ["Split"]
