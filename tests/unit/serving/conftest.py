"""Vectors of models fitted once on ``sample``, and made-up ones."""

from dataclasses import replace

import numpy as np
import pytest

import recbench
from recbench.datasets.samples import sample
from recbench.metrics.builtin import recbench_metrics
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.prepare import prepare
from recbench.serving.fitting import Fits, Fitted, Order, fit_vectors
from recbench.splits.builtin import recbench_splits
from recbench.suites import top_n_suite

MODELS = ("ials[embedding_dim=8,epochs=2]", "bpr-mf[epochs=2]", "pure-svd")


@pytest.fixture(scope="session")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Fits:
    """Three models with vectors and one without, fitted by the runner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return fit_vectors(Order(models=(*MODELS, "ease"), suite="sample", jobs=1))


@pytest.fixture(scope="session")
def lists_of_a_run(tmp_path_factory: pytest.TempPathFactory):
    """Runs models that were fitted on ``sample``; returns the lists that it stores."""

    def run(fits: Fits) -> dict[str, dict[object, list[object]]]:
        """Return raw user id to raw item ids, for each label."""
        out = tmp_path_factory.mktemp("out")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
            boards = recbench.run(
                "sample/top-n", models=list(fits.fitted), out=out, progress=False
            )
        assert boards.exit_code == 0
        ids = fits.dataset
        return {
            record.label: {
                ids.user_ids[user]: ids.item_ids[row[row >= 0]].tolist()
                for user, row in zip(*Store(out).lists(record), strict=True)
            }
            for record in boards.records
        }

    return run


@pytest.fixture(scope="session")
def made_up() -> Fits:
    """``sample`` with random vectors whose lengths differ a lot."""
    dataset = sample(None)
    suite = top_n_suite("sample", threshold=4.0)
    splits = {spec.name: spec for spec in recbench_splits()}
    part = prepare(dataset, dataset.fingerprint(), suite, splits, seed=0)
    rng = np.random.default_rng(0)
    table = dataset.interactions
    lengths = rng.lognormal(0, 1, (table.n_items, 1))
    fitted = Fitted(
        record=record(),
        user_vectors=rng.normal(size=(table.n_users, 6)).astype("f4"),
        item_vectors=(rng.normal(size=(table.n_items, 6)) * lengths).astype("f4"),
    )
    return Fits(
        suite=suite,
        dataset=replace(dataset),
        prepared=part,
        metrics={spec.name: spec for spec in recbench_metrics()},
        fitted={"made-up": fitted},
        records=[fitted.record],
    )


def record() -> Record:
    return Record(
        key="0" * 64,
        suite="sample/top-n",
        task="top-n",
        dataset={"name": "sample", "fingerprint": "f" * 64},
        protocol={"seen": "remove"},
        protocol_hash="p" * 64,
        split={"seed": 0, "hash": "s" * 64, "train": 1},
        model="made-up",
        params={},
        label="made-up",
        plugin={"name": "made-up", "hash": "0" * 64},
        seed=0,
        status="ok",
        seconds={"fit": 1.5},
    )
