"""Metrics over a few candidates per user, as some papers have them.

The runner ranks all items; this does not. Such figures are for checking published
ones and are labelled *sampled* wherever they stand; no board shows them. Split,
model, ranking and metrics are the harness's own, in this process.
"""

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recbench import params, plugins
from recbench.claims.claim import Claim, Setting
from recbench.claims.measuring import Bench, Measured, suites
from recbench.datasets.store import open_dataset
from recbench.errors import DataError, UsageError
from recbench.evaluation import measure
from recbench.evaluation.scoring import rank
from recbench.protocols import FitContext
from recbench.runner.prepare import Prepared, prepare

LOWEST = np.finfo(np.float32).min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """The few items that each user is ranked over.

    Attributes:
        users: int32, shape ``(n,)``, user codes, each once.
        items: int32, shape ``(n, c)``, item codes; one may stand there twice.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Only:
    """A model whose other items score as low as can be.

    Attributes:
        model: A fitted model with scores or vectors.
        candidates: What keeps its score.
        row_of: Row of each user code in the candidates, int64, -1 where none.
    """

    model: Any
    candidates: Candidates
    row_of: NDArray[np.int64]

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return float32, shape ``(b, n_items)``."""
        if callable(getattr(self.model, "score", None)):
            raw = self.model.score(users)
        else:
            raw = self.model.user_vectors(users) @ self.model.item_vectors().T
        items = self.candidates.items[self.row_of[users]]  # (b, c)
        kept = np.take_along_axis(raw, items.astype(np.int64), axis=1)
        scores = np.full(raw.shape, LOWEST, dtype=np.float32)
        np.put_along_axis(scores, items.astype(np.int64), kept, axis=1)
        return scores


def run(claim: Claim, setting: Setting, bench: Bench) -> Measured:
    """Train a claim's model and measure it over the published candidates.

    Raises:
        RecbenchError: If it cannot be planned or the model breaks its contract.
    """
    name, given = params.parse_model(claim.model)
    if name not in bench.catalogue.models:
        raise UsageError(f"no model is called {name!r}")
    spec = bench.catalogue.models[name]
    dataset = open_dataset(bench.catalogue.datasets[claim.dataset])
    candidates: Candidates = plugins.resolve(setting.candidates)(dataset)
    begun = time.perf_counter()
    found = []
    with threadpool_limits(1):
        for suite in suites(claim, setting):
            for seed in setting.seeds:
                part = prepare(
                    dataset,
                    dataset.fingerprint(),
                    suite,
                    bench.catalogue.splits,
                    seed=seed,
                )
                model = plugins.make(spec, suite.protocol.task, given)
                model.fit(
                    part.view.train, FitContext(task=suite.protocol.task, seed=seed)
                )
                found.append(_values(claim, model, part, candidates, bench))
    return Measured(
        values={m: float(np.mean([v[m] for v in found])) for m in found[0]},
        seconds=time.perf_counter() - begun,
    )


def _values(
    claim: Claim, model: object, part: Prepared, candidates: Candidates, bench: Bench
) -> dict[str, float]:
    """Return the claim's metrics over the candidates."""
    users = part.view.ask_users
    row_of = np.full(part.test.n_users, -1, dtype=np.int64)
    row_of[candidates.users] = np.arange(len(candidates.users))
    if (row_of[users] < 0).any():
        msg = f"claim {claim.name}: some test users have no published candidates"
        raise DataError(msg)
    rules = dataclasses.replace(part.view.rules(final=True), seen=None)
    lists, _ = rank(
        Only(model=model, candidates=candidates, row_of=row_of), users, rules
    )
    values = measure.of_lists(
        lists,
        users,
        test=part.test,
        train=part.view.train,
        candidates=rules.candidates,
        relevance=part.view.relevance,
        names=[f.metric for f in claim.figures],
        specs=bench.catalogue.metrics,
    )
    return {name: measure.figure(value) for name, value in values.items()}
