"""Nearest neighbours of a history among the histories of training.

V-SKNN (Ludewig and Jannach, 2018) weights the query's items by recency and takes the
``k`` most similar histories; STAN (Garg et al., 2019) adds that a neighbour's items
count by how near they stand to the one that both have. Here::

    w(i)    = exp(-age of i in the query / recency) * idf(i) ** idf
    s(q, n) = sum of w over the items that q and n share / sqrt(length of n)
    score j = sum over the k nearest n of s(q, n) * exp(-|steps from the match to j|
              / nearness), times ``back`` where j came before the match

and the match is the latest item of the query that the neighbour has. Weights beyond
the ``TAIL``-th item of either side are left out.

Deviations. All histories of training are candidates, not a sample of the latest ones;
a user is no neighbour of itself; what came after the match may count more.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries
from recbench_sequential.params import SessionKNNParams
from recbench_sequential.sequences import Integers, Sequences

Scores = NDArray[np.float32]

TAIL = 6  # weights below exp(-TAIL) are dropped
CELLS = 4_000_000  # of a block of queries by users, and of its votes
FAINT = 1e-6  # weight of popularity, where no neighbour votes


class SessionKNN:
    """What users with a like recent past did around the same point."""

    def __init__(self, params: SessionKNNParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Keep the histories; nothing is learned ahead of time."""
        del context
        self.threshold = train.threshold
        self.past = past = Sequences.of(train)
        self.n_items = train.n_items
        owners = past.owners()
        ones = np.ones(len(past.items), dtype=np.float32)
        shape = (train.n_items, len(past))
        self.having = csr_array((ones, (past.items, owners)), shape=shape)
        self.having.sum_duplicates()
        self.having.data[:] = 1  # of a repeated item the latest place counts
        self.norms = np.sqrt(np.maximum(past.lengths, 1)).astype(np.float32)
        counts = np.diff(self.having.indptr)
        rarity = np.log((1 + len(past)) / (1 + counts))
        self.weights = np.asarray(rarity**self.params.idf, dtype=np.float32)
        self.faint = (FAINT * counts / max(counts.max(), 1)).astype(np.float32)
        keys = owners * train.n_items + past.items
        order = np.argsort(keys, kind="stable")
        self.keys, self.places = keys[order], order
        self.n_parameters = len(past.items)

    def score_queries(self, queries: Queries) -> Scores:
        """Return the votes of the neighbours, float32, shape ``(n, n_items)``."""
        past = Sequences.of_queries(queries, self.threshold)
        width = max(1, round(TAIL * self.params.recency))
        out = np.empty((len(past), self.n_items), dtype=np.float32)
        size = max(1, CELLS // max(len(self.past), self.params.k * 4 * width))
        for start in range(0, len(past), size):
            part = slice(start, min(start + size, len(past)))
            recent = _Recent.of(past, part, width)
            nearest = self._nearest(recent, queries.users[part])
            out[part] = self._votes(recent, *nearest) + self.faint
        return out

    def _nearest(
        self, recent: "_Recent", users: NDArray[np.int32]
    ) -> tuple[Integers, Integers, Scores]:
        """Return query, neighbour and similarity of each pair that counts."""
        ages, items = recent.ages, recent.items
        weights = np.exp(-ages / self.params.recency).astype(np.float32)
        weights *= self.weights[items]
        shape = (recent.n, self.n_items)
        query = csr_array((weights, (recent.owners, items)), shape=shape)
        block = (query @ self.having).toarray() / self.norms  # (b, n_users)
        known = np.flatnonzero(users >= 0)
        block[known, users[known]] = 0
        k = min(self.params.k, block.shape[1])
        cut = np.partition(block, block.shape[1] - k, axis=1)[:, -k]
        # at a tie all stay, so that the order of users decides nothing
        rows, neighbours = np.nonzero((block >= cut[:, None]) & (block > 0))
        return rows, neighbours, block[rows, neighbours]

    def _votes(
        self,
        recent: "_Recent",
        rows: Integers,
        neighbours: Integers,
        similar: Scores,
    ) -> Scores:
        """Return what the neighbours did around the match, shape ``(b, n_items)``."""
        match = self._matches(recent, rows, neighbours)
        p = self.params
        width = max(1, round(TAIL * p.nearness))
        low = np.maximum(
            match - (width if p.back else 0), self.past.offsets[neighbours]
        )
        high = np.minimum(match + width + 1, self.past.offsets[neighbours + 1])
        counts = high - low
        pair = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
        places = low[pair] + within
        steps = places - match[pair]
        votes = similar[pair] * np.exp(-np.abs(steps) / p.nearness)
        votes *= np.where(steps > 0, 1.0, p.back)
        cells = rows[pair] * self.n_items + self.past.items[places]
        sums = np.bincount(cells, votes, recent.n * self.n_items)
        return sums.reshape(recent.n, self.n_items).astype(np.float32)

    def _matches(
        self, recent: "_Recent", rows: Integers, neighbours: Integers
    ) -> Integers:
        """Return the neighbour's place of the latest item that both have."""
        match = np.full(len(rows), -1, dtype=np.int64)
        open_pairs = np.arange(len(rows))
        for age in range(recent.table.shape[1]):
            if not len(open_pairs):
                break
            items = recent.table[rows[open_pairs], age]
            wanted = neighbours[open_pairs] * self.n_items + items
            at = np.searchsorted(self.keys, wanted, side="right") - 1
            found = (items >= 0) & (at >= 0) & (self.keys[at] == wanted)
            match[open_pairs[found]] = self.places[at[found]]
            open_pairs = open_pairs[~found]
        return match


class _Recent:
    """The latest items of a block of queries."""

    def __init__(
        self, n: int, owners: Integers, items: Integers, ages: Integers
    ) -> None:
        """Lay the items out by age."""
        self.n, self.owners, self.items, self.ages = n, owners, items, ages
        width = int(ages.max()) + 1 if len(ages) else 0
        self.table = np.full((n, width), -1, dtype=np.int64)  # latest first
        self.table[owners, ages] = items

    @classmethod
    def of(cls, past: Sequences, part: slice, width: int) -> "_Recent":
        """Cut the sequences of ``part`` to their last ``width`` items."""
        own = past.part(part.start, part.stop)
        return cls(len(own), *own.latest(width))
