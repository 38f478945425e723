"""A toy plugin with a data set and claims whose right answers are plain arithmetic."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("RECBENCH_SHARED_DATA", HERE.parents[4] / "shared/data"))

# Training ratings 1 3 5 have the mean 3; the test ratings 2 and 5 are 1 and 2 off it,
# so RMSE = sqrt(5 / 2) = 1.5811 and MAE = 1.5. In the fold ``last``, 1 3 5 2 train
# and 5 is 2.25 off their mean, so the MAE over both folds is 1.875.
PLUGIN = """
import numpy as np
from recbench import Dataset, DatasetSpec, Interactions, hookimpl


def load(context):
    return Dataset(
        name="toy-ratings",
        interactions=Interactions(
            users=np.array([0, 0, 1, 1, 0], dtype=np.int32),
            items=np.array([0, 1, 0, 1, 2], dtype=np.int32),
            ratings=np.array([1, 3, 5, 2, 5], dtype=np.float32),
            n_users=2,
            n_items=3,
            scale=(1.0, 5.0),
        ),
        user_ids=np.arange(2),
        item_ids=np.arange(3),
        folds={"test": np.array([3, 4]), "last": np.array([4])},
    )


def absent(context):
    from recbench import DataError

    raise DataError("the toy files are not here")


@hookimpl
def recbench_datasets():
    yield DatasetSpec(
        name="toy-ratings", load=load, scale=(1.0, 5.0), has=("ratings", "folds")
    )
    yield DatasetSpec(name="toy-absent", load=absent, has=("ratings", "folds"))
"""
CLAIMS = """
[sources.hand]
title = "Arithmetic on a napkin"
where = "the docstring"

[protocols.napkin]
words = "three ratings train, two `test`."
task = "rating"
split = "fixed"
split_params = { fold = "test", validation = 0.0 }

[protocols.both]
words = "the mean of two folds."
task = "rating"
split = "fixed"
split_params = { validation = 0.0 }
each = { fold = ["test", "last"] }

[[group]]
source = "hand"
dataset = "toy-ratings"
protocol = "napkin"
model = "global-mean"
because = "half of the last digit."

[[group.claim]]
name = "toy/true"
published = { rmse = 1.581, mae = 1.50 }
tolerance = { rmse = 0.0005, mae = 0.005 }

[[group.claim]]
name = "toy/false"
published = { rmse = 1.481 }
tolerance = 0.05
why = "it is planted, <b>for</b> the test."

[[group.claim]]
name = "toy/folds"
protocol = "both"
published = { mae = 1.875 }
tolerance = 0.0005

[[group.claim]]
name = "toy/slow"
published = { mae = 1.5 }
tolerance = 0.0005
effort = "slow"

[[group.claim]]
name = "toy/nobody"
model = "no-such-model"
published = { mae = 1.5 }
tolerance = 0.0005

[[group.claim]]
name = "toy/elsewhere"
dataset = "toy-absent"
published = { mae = 1.5 }
tolerance = 0.0005

[[group]]
source = "hand"
dataset = "toy-ratings"
because = "counts."
tolerance = 0

[[group.claim]]
name = "toy/counts"
published = { interactions = 5, users = 2, items = 3 }

[[left-out]]
what = "the napkin's other side"
why = "it is wet."
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return the folder of the toy plugin, ``toy.py`` with its ``claims.toml``."""
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "toy.py").write_text(PLUGIN)
    (folder / "claims.toml").write_text(CLAIMS)
    return folder


@pytest.fixture
def shared(monkeypatch):
    """Return the folder of real data, or skip."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}: set RECBENCH_SHARED_DATA")
    monkeypatch.setenv("RECBENCH_SHARED_DATA", str(SHARED))
    return SHARED
