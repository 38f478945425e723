"""Simulated interactions in any number, written to Parquet and CSV block by block.

Quicker than :mod:`recbench.datasets.simulator` and with less truth in it: a Zipf law
of items, log-normal activity of users, ratings of rank 4 with noise. Rows are grouped
by user, as MovieLens has them; no pair stands twice.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

BLOCK = 1_000_000  # interactions drawn at once
PER_USER = 144  # mean interactions of a user, as in MovieLens-20M
RANK = 4


def items_of(n: int) -> int:
    """Return the size of the catalogue: 6,000 at a million, growing as the root."""
    return int(6_000 * (n / 1e6) ** 0.5)


def blocks(n: int, seed: int = 0) -> Iterator[pa.Table]:
    """Yield tables of whole users until there are ``n`` interactions."""
    n_items = items_of(n)
    world = np.random.default_rng([seed, 0])
    chance = (np.arange(n_items) + 10.0) ** -0.9
    cumulative = np.cumsum(chance / chance.sum())
    code = world.permutation(n_items)
    factors = world.normal(0, 0.6, (n_items, RANK)).astype(np.float32)
    offsets = world.normal(3.4, 0.4, n_items).astype(np.float32)
    done = users = 0
    while done < n:
        rng = np.random.default_rng([seed, 1, users])
        activity = rng.lognormal(0.0, 0.8, BLOCK // PER_USER)
        wanted = (activity * PER_USER / activity.mean()).astype(np.int64)
        wanted = np.minimum(wanted, n_items // 4) * 5 // 4 + 1
        owner = np.repeat(np.arange(len(wanted)), wanted)
        drawn = code[np.searchsorted(cumulative, rng.random(len(owner)))]
        pairs = np.unique(owner * n_items + drawn)[: n - done]
        owner, item = pairs // n_items, pairs % n_items
        taste = rng.normal(0, 0.6, (len(wanted), RANK)).astype(np.float32)
        liking = offsets[item] + np.einsum("nd,nd->n", taste[owner], factors[item])
        noisy = 2 * (liking + rng.normal(0, 0.7, len(item)))
        yield pa.table(
            {
                "user": owner + users,
                "item": item,
                "rating": (np.clip(np.rint(noisy), 1, 10) / 2).astype(np.float32),
                "timestamp": rng.integers(1_000_000_000, 1_600_000_000, len(item)),
            }
        )
        done += len(pairs)
        users += len(wanted)


def write(n: int, parquet: Path, csv: Path) -> None:
    """Write the same ``n`` interactions to both files."""
    schema = next(blocks(1)).schema
    with (
        pq.ParquetWriter(parquet, schema) as file,
        pacsv.CSVWriter(csv, schema) as text,
    ):
        for table in blocks(n):
            file.write_table(table)
            text.write_table(table)
