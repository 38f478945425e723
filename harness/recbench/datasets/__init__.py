"""Data sets: one file per source; download, verify, cache."""

from recbench.datasets.dataset import DataContext, Dataset

__all__ = ["DataContext", "Dataset"]
