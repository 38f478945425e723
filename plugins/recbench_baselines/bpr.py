"""BPR-MF: matrix factorization for pairwise ranking (Rendle et al., 2009).

Objective, over draws of a user ``u``, a positive ``i`` and another item ``j``::

    -ln sigmoid(s_ui - s_uj) + reg/2 (|w_u|^2 + |h_i|^2 + |h_j|^2 + b_i^2 + b_j^2)

with ``s_ui = <w_u, h_i> + b_i``, one draw after another. Deviations: the step of a
vector, or of a bias, is divided by the root of the sum of its mean squared gradients
(Adagrad of Duchi et al., 2011, with one step for all factors of a vector); an epoch
passes over every positive once, in random order, instead of drawing with replacement;
``j`` is drawn evenly among the items with a positive, again where it hits a positive
of the user, up to four times, and then stands.

An epoch runs compiled where numba is installed and as array operations where it is
not: the same draws and the same steps in the same order, up to the rounding of float32.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_baselines.compiled import available, kernels_for, zeros
from recbench_baselines.kernels import HALF, INCREMENT, MULTIPLIER
from recbench_baselines.params import BPRParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]

REDRAWS = 4
LANES = 16  # factors are padded by zeros to whole vectors of two registers
FRESH = 1e-8  # mean squared gradient before the first


class BPR:
    """``score = <w_u, h_i> + b_i``."""

    users: Scores
    items: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: BPRParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Descend on drawn pairs."""
        p, rng = self.params, context.rng
        positives = train.positives()
        draw, descend = loops(context)
        tables = self._fresh(train, rng)
        above = np.int32(train.n_users)  # items stand below the users in the tables
        items = positives.items + above
        rates = (p.learning_rate * np.sqrt(p.embedding_dim), p.learning_rate, p.reg)
        for epoch, drawn in enumerate(negatives(draw, positives, rng), start=1):
            order = rng.permutation(len(positives))
            total = descend(
                order,
                positives.users,
                items,
                drawn + above,
                *map(np.float32, rates),
                *tables,
            )
            context.report(
                epoch=epoch, epochs=p.epochs, loss=total / max(len(order), 1)
            )
            if epoch >= p.epochs or context.should_stop():
                break
        self._split(tables[0], tables[2], train.n_users)

    def _fresh(self, train: Interactions, rng: np.random.Generator) -> Sequence[Scores]:
        """Return factors and biases, users above items, each with its squares."""
        width, std = self.params.embedding_dim, self.params.init_std
        size = train.n_users + train.n_items
        factors = zeros((size, -(-width // LANES) * LANES))
        factors[:, :width] = rng.normal(0, std, (size, width))
        squares = np.full(size, FRESH * width, dtype=np.float32)
        biases = np.zeros(size, dtype=np.float32)
        return factors, squares, biases, np.full_like(biases, FRESH)

    def _split(self, factors: Scores, biases: Scores, n_users: int) -> None:
        factors = factors[:, : self.params.embedding_dim]
        ones = np.ones(n_users, dtype=np.float32)
        self.users = np.column_stack((factors[:n_users], ones))
        self.items = np.column_stack((factors[n_users:], biases[n_users:]))
        self.n_parameters = self.users.size - n_users + self.items.size

    def user_vectors(self, users: Codes) -> Scores:
        """Return ``(w_u, 1)``, float32, shape ``(b, d + 1)``."""
        return self.users[users]

    def item_vectors(self) -> Scores:
        """Return ``(h_i, b_i)``, float32, shape ``(n_items, d + 1)``."""
        return self.items


def loops(context: FitContext) -> Sequence[Callable[..., Any]]:
    """Return what draws and what descends, compiled where that is possible."""
    if not available():
        return others, pairs_epoch
    return kernels_for(("others", "pairs_epoch"), context.log)


def negatives(
    draw: Callable[..., None], positives: Interactions, rng: np.random.Generator
) -> Iterator[Codes]:
    """Yield another item for each positive, int32, shape ``(n,)``, without end."""
    counts = np.bincount(positives.users, minlength=positives.n_users)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    known = np.flatnonzero(np.bincount(positives.items)).astype(np.int32)
    out = np.empty(len(positives), dtype=np.int32)
    while True:
        words = rng.integers(2**64, size=len(out), dtype=np.uint64)
        mark = np.full(positives.n_items, -1, dtype=np.int32)
        draw(indptr, positives.items, known, REDRAWS, words, mark, out)
        yield out


def others(  # noqa: PLR0917 - the arguments of the compiled loop
    indptr: Places,
    items: Codes,
    known: Codes,
    redraws: int,
    words: Words,
    mark: Codes,
    out: Codes,
) -> None:
    """Do what ``kernels.others`` does; ``mark`` is left alone."""
    users = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    keys = users * len(mark) + items  # sorted, because positives are
    size = np.uint64(len(known))
    wrong = np.arange(len(out))
    for redraw in range(redraws + 1):
        if redraw:
            words = words * MULTIPLIER + INCREMENT
        out[wrong] = known[((words >> HALF) * size) >> HALF]
        wanted = users[wrong] * len(mark) + out[wrong]
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hits = keys[found] == wanted
        wrong, words = wrong[hits], words[hits]


def pairs_epoch(  # noqa: PLR0917 - likewise
    order: Places,
    users: Codes,
    items: Codes,
    drawn: Codes,
    rate: np.float32,
    bias_rate: np.float32,
    reg: np.float32,
    *tables: Scores,
) -> float:
    """Do what ``kernels.pairs_epoch`` does, by runs of triples that share no row."""
    factors, squares, biases, bias_squares = tables
    total = 0.0
    triples = np.column_stack((users, items, drawn))[order]
    for start, stop in runs(triples):
        u, i, j = triples[start:stop].T
        w, h, g = factors[u], factors[i], factors[j]  # (b, d)
        margin = np.einsum("bd,bd->b", w, h - g) + biases[i] - biases[j]
        odd = np.exp(-np.clip(margin, -30, 30))
        total += float(np.log1p(odd, dtype=np.float64).sum())
        pull = odd / (1 + odd)
        push = pull[:, None]
        for rows, slope in (
            (u, reg * w - push * (h - g)),
            (i, reg * h - push * w),
            (j, reg * g + push * w),
        ):
            squares[rows] += np.einsum("bd,bd->b", slope, slope)
        step = rate / np.sqrt(squares[triples[start:stop]])  # (b, 3)
        factors[u] = w - step[:, :1] * (reg * w - push * (h - g))
        factors[i] = h - step[:, 1:2] * (reg * h - push * w)
        factors[j] = g - step[:, 2:] * (reg * g + push * w)
        for rows, sign in ((i, -pull), (j, pull)):
            bias_slope = reg * biases[rows] + sign
            bias_squares[rows] += bias_slope**2
            biases[rows] -= bias_rate * bias_slope / np.sqrt(bias_squares[rows])
    return total


def runs(triples: Codes) -> Iterator[tuple[int, int]]:
    """Yield where runs start and stop within which no row of a table occurs twice."""
    n = len(triples)
    rows, places = triples.ravel(), np.repeat(np.arange(n), 3)
    by_row = np.argsort(rows, kind="stable")
    rows, places = rows[by_row], places[by_row]
    again = (rows[1:] == rows[:-1]) & (places[1:] != places[:-1])
    before = np.full(n, -1)  # the last triple with a row of this one
    np.maximum.at(before, places[1:][again], places[:-1][again])
    latest = np.maximum.accumulate(before).tolist()
    start = 0
    while start < n:
        stop = bisect_left(latest, start, lo=start)
        yield start, stop
        start = stop
