"""Models broken on purpose, each in one way; ``FAULTS`` says which check must fail."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench import ModelSpec, hookimpl, param


class Neighbours:
    """What the broken models are derived from; it is sound."""

    def fit(self, train, context):
        self.rows = train.positives().csr().toarray().astype(np.float32)
        norms = np.sqrt((self.rows**2).sum(axis=0)) + np.float32(1e-6)
        self.cosine = (self.rows.T @ self.rows) / np.outer(norms, norms)
        np.fill_diagonal(self.cosine, 0)
        self.known = train.csr().toarray() > 0

    def score(self, users):
        return self.rows[users] @ self.cosine


class Means:
    """The same for ratings."""

    def fit(self, train, context):
        counts = np.bincount(train.items, minlength=train.n_items) + 1
        self.mean = train.ratings.mean()
        rest = np.bincount(train.items, train.ratings - self.mean, train.n_items)
        self.of_item = rest / counts

    def predict(self, users, items):
        return (self.mean + self.of_item[items]).astype(np.float32)


class Unfittable:
    def score(self, users):
        return np.zeros((len(users), 60), dtype=np.float32)


class Unranking:
    def fit(self, train, context):
        pass


class Halved(Neighbours):
    def user_vectors(self, users):
        return self.rows[users]


class Unloadable(Neighbours):
    def save(self, path):
        path.write_bytes(b"")


class Transposed(Neighbours):
    def score(self, users):
        return super().score(users).T


class Listing(Neighbours):
    def score(self, users):
        return super().score(users).tolist()


class Double(Neighbours):
    def score(self, users):
        return super().score(users).astype(np.float64)


class Column(Means):
    def predict(self, users, items):
        return super().predict(users, items)[:, None]


class Dividing(Neighbours):
    def score(self, users):
        with np.errstate(invalid="ignore", divide="ignore"):
            return super().score(users) * np.float32(0) / np.float32(0)


class Global(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        self.cosine += np.random.rand(*self.cosine.shape).astype(np.float32) / 100


class Unseeded(Means):
    def fit(self, train, context):
        super().fit(train, context)
        self.of_item += np.random.default_rng().normal(0, 0.01, train.n_items)


class FixedGenerator(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        noise = np.random.default_rng(42).random(self.cosine.shape, np.float32)
        self.cosine += noise / 100


class FixedGlobal(Means):
    def fit(self, train, context):
        super().fit(train, context)
        random.seed(42)
        self.of_item = self.of_item + [random.gauss(0, 0.01) for _ in self.of_item]


class Overwriting(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        train.items.sort()


class OverwritingView(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        train.csr().data[:] *= 2


class Picky(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        if type(train.users) is not np.ndarray:
            self.cosine *= 2


class Dropping(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        self.rng = context.rng

    def score(self, users):
        scores = super().score(users)
        return scores * (self.rng.random(scores.shape, np.float32) > 0.5)


class Standardising(Neighbours):
    def score(self, users):
        scores = super().score(users)
        return scores - scores.mean(axis=0)


class Sorting(Neighbours):
    def score(self, users):
        return super().score(np.sort(users))


class CodeReading(Neighbours):
    def score(self, users):
        return super().score(users) + np.arange(len(self.cosine), dtype=np.float32)


class CodeRating(Means):
    def predict(self, users, items):
        return (1 + 4 * items / len(self.of_item)).astype(np.float32)


class Forgetful(Means):
    def fit(self, train, context):
        super().fit(train, context)
        self.known = set(train.items.tolist())

    def predict(self, users, items):
        if not self.known.issuperset(items.tolist()):
            raise KeyError("who is this?")
        return super().predict(users, items)


class Undefined(Means):
    def fit(self, train, context):
        super().fit(train, context)
        with np.errstate(invalid="ignore"):
            counts = np.bincount(train.items, minlength=train.n_items)
            total = np.bincount(train.items, train.ratings, train.n_items)
            self.of_item = total / counts - self.mean


class Wide(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        np.argpartition(self.cosine, 20, axis=1)


class Expecting(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        if context.validate(self) < 0:
            raise ValueError


class Backwards(Neighbours):
    def score(self, users):
        return -super().score(users)


class Constant:
    def fit(self, train, context):
        pass

    def predict(self, users, items):
        return np.full(len(users), 3.0, dtype=np.float32)


class Unstoppable(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        for epoch in range(20):
            context.report(epoch=epoch + 1)


class Retrieving(Neighbours):
    score = None

    def recommend(self, users, k):
        scores = np.where(self.known[users], -np.inf, Neighbours.score(self, users))
        order = np.argsort(-scores, axis=1)[:, :k].astype(np.int32)
        known = np.isneginf(np.take_along_axis(scores, order, axis=1))
        lists = np.full((len(users), k), -1, dtype=np.int32)
        lists[:, : order.shape[1]] = np.where(known, -1, order)
        return lists


class Unpadded(Retrieving):
    def recommend(self, users, k):
        return super().recommend(users, min(k, 60))


class Repeating(Retrieving):
    def recommend(self, users, k):
        return np.repeat(super().recommend(users, 1), k, axis=1)


class Reminding(Retrieving):
    def recommend(self, users, k):
        order = np.argsort(-self.known[users].astype(np.int8), axis=1)
        return order[:, :k].astype(np.int32)


class Sparing(Retrieving):
    def recommend(self, users, k):
        lists = super().recommend(users, k)
        lists[:, k // 2 :] = -1
        return lists


class Indiscriminate(Neighbours):
    def fit(self, train, context):
        super().fit(train, context)
        self.rows = self.known.astype(np.float32)
        self.cosine = self.rows.T @ self.rows
        np.fill_diagonal(self.cosine, 0)


class TwoMinds(Neighbours):
    def score_queries(self, queries):
        rows = np.zeros((len(queries), len(self.cosine)), dtype=np.float32)
        counts = np.diff(queries.offsets)
        rows[np.repeat(np.arange(len(queries)), counts), queries.items] = 1
        return rows


class Acquainted(Neighbours):
    def score_queries(self, queries):
        if (queries.users < 0).any():
            raise IndexError("user -1")
        return self.score(queries.users)


class Averaging(Neighbours):
    def score_queries(self, queries):
        if (queries.users >= 0).all():
            return self.score(queries.users)
        sizes = np.diff(queries.offsets)[:, None]
        with np.errstate(invalid="ignore"):
            return (np.zeros(len(self.cosine)) / sizes).astype(np.float32)


class Absent(Neighbours):
    def save(self, path):
        pass

    def load(self, path):
        pass


class Lossy(Neighbours):
    def save(self, path):
        path.mkdir()
        np.save(path / "rows.npy", self.rows)
        np.save(path / "cosine.npy", self.cosine.astype(np.float16))

    def load(self, path):
        self.rows = np.load(path / "rows.npy")
        self.cosine = np.load(path / "cosine.npy").astype(np.float32)


class Uncounted(Neighbours):
    n_parameters = 0


class Asking(Neighbours):
    def n_parameters(self):
        return 7


class Exceeding:
    """A baseline that is worse than drawing any rating."""

    def fit(self, train, context):
        pass

    def predict(self, users, items):
        return np.where((users + items) % 2, 1, 5).astype(np.float32) * 1.0


class Reversed:
    """A baseline that is worse than luck."""

    def fit(self, train, context):
        self.counts = np.bincount(train.items, minlength=train.n_items)

    def score(self, users):
        return np.tile(-self.counts.astype(np.float32), (len(users), 1))


@dataclass
class Thawed:
    size: int = 3


@dataclass(frozen=True)
class OutOfRange:
    size: int = param(0, low=1)


@dataclass(frozen=True)
class Undecided:
    size: int


@dataclass(frozen=True)
class FarSearch:
    size: int = param(3, low=1, tune=(0, 10))


@dataclass(frozen=True)
class LogOfNothing:
    rate: float = param(0.1, tune=(0.0, 1.0), log=True)


@dataclass(frozen=True)
class Sized:
    size: int = param(3, low=1)


class Parametrised(Neighbours):
    def __init__(self, params):
        pass


FAULTS = {
    "no-fit": (Unfittable, "top-n/methods", "no method fit"),
    "no-way-to-rank": (Unranking, "top-n/methods", "declares the task"),
    "half-a-dot-product": (Halved, "top-n/methods", "not item_vectors"),
    "save-without-load": (Unloadable, "top-n/methods", "not load"),
    "transposed": (Transposed, "top-n/shape-and-dtype", r"shape \(60, 200\)"),
    "lists-of-lists": (Listing, "top-n/shape-and-dtype", "NumPy array"),
    "float64": (Double, "top-n/shape-and-dtype", "astype"),
    "a-column": (Column, "rating/shape-and-dtype", r"shape \(120, 1\)"),
    "zero-by-zero": (Dividing, "top-n/finite", "NaN"),
    "global-generator": (Global, "top-n/deterministic", "context.rng"),
    "no-seed": (Unseeded, "rating/deterministic", "context.rng"),
    "fixed-generator": (FixedGenerator, "top-n/seed-used", "with seed 42"),
    "fixed-global": (FixedGlobal, "rating/seed-used", "draws from random"),
    "writes-to-train": (Overwriting, "top-n/train-untouched", "train.items"),
    "writes-to-csr": (OverwritingView, "top-n/train-untouched", "csr"),
    "minds-the-class": (Picky, "top-n/memory-mapped", "memory"),
    "dropout-left-on": (Dropping, "top-n/repeatable", "eval"),
    "batch-statistics": (Standardising, "top-n/batch-size", "batches of 1"),
    "sorts-users": (Sorting, "top-n/user-order", "another order"),
    "reads-codes": (CodeReading, "top-n/codes-mean-nothing", "codes are names"),
    "rates-codes": (CodeRating, "rating/codes-mean-nothing", "codes are names"),
    "forgets-strangers": (Forgetful, "rating/unseen", "no training row"),
    "mean-of-nothing": (Undefined, "rating/unseen", "NaN"),
    "wide": (Wide, "top-n/next-to-nothing", "8 users and 5 items"),
    "needs-validation": (Expecting, "top-n/without-validation", "None"),
    "backwards": (Backwards, "top-n/beats-luck", "sign"),
    "constant": (Constant, "rating/beats-luck", "rating units"),
    "unstoppable": (Unstoppable, "top-n/stops-in-time", "should_stop"),
    "unpadded": (Unpadded, "top-n/long-lists", "pad with -1"),
    "repeats": (Repeating, "top-n/valid-lists", "repeated items"),
    "lists-seen-items": (Reminding, "top-n/valid-lists", "already seen"),
    "leaves-places-empty": (Sparing, "top-n/valid-lists", "fill them"),
    "takes-all-for-liked": (Indiscriminate, "top-n/uses-positives", "positives"),
    "two-minds": (TwoMinds, "top-n/ways-agree", "differently"),
    "only-acquaintances": (Acquainted, "top-n/unknown-histories", "code -1"),
    "mean-of-empty": (Averaging, "top-n/unknown-histories", "not finite"),
    "saves-nothing": (Absent, "top-n/save-and-load", "neither a file"),
    "saves-half": (Lossy, "top-n/save-and-load", "everything"),
    "asks-for-numbers": (Asking, "top-n/learned-numbers", "a method"),
    "bad-baseline": (Exceeding, "rating/beats-luck", "rating units"),
    "unpopular": (Reversed, "top-n/beats-luck", "sign"),
    "no-numbers": (Uncounted, "top-n/learned-numbers", "positive int"),
}
PARAMS = {
    "params-not-frozen": (Thawed, "frozen=True"),
    "default-out-of-range": (OutOfRange, "at least 1"),
    "no-default": (Undecided, "no default"),
    "search-out-of-range": (FarSearch, "tune="),
    "log-of-zero": (LogOfNothing, "logarithm"),
    "params-no-dataclass": (int, "no dataclass"),
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    for name, (factory, check, _) in FAULTS.items():
        task = check.partition("/")[0]
        yield ModelSpec(
            name=name,
            factory=factory,
            tasks=(task,),
            summary="broken",
            baseline=factory in (Exceeding, Reversed),
        )
    for name, (params, _) in PARAMS.items():
        yield ModelSpec(
            name=name, factory=Parametrised, params=params, tasks=("top-n",)
        )
    yield ModelSpec(
        name="bad-preset",
        factory=Parametrised,
        params=Sized,
        presets={"big": {"sise": 9}},
        tasks=("top-n",),
    )
    yield ModelSpec(name="undescribed", factory=Neighbours, tasks=("top-n",))
