"""Stores that real runs of earlier versions left stay readable for good.

``schema-1`` is what ``recbench run sample --quick -m bias -m most-popular -m ease``
wrote. A new schema adds a folder beside it; none is ever changed or removed.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from recbench.errors import DataError
from recbench.results import migrations
from recbench.results.merge import merge
from recbench.results.record import SCHEMA
from recbench.results.store import Store

HERE = Path(__file__).parent
RATING, TOP_N = "sample/rating-quick", "sample/top-n-quick"


@pytest.mark.parametrize("schema", range(1, SCHEMA + 1))
def test_a_store_of_every_released_schema_is_readable(schema: int) -> None:
    store = Store(HERE / f"schema-{schema}")

    assert store.suites() == [RATING, TOP_N]
    for suite in store.suites():
        assert store.damaged(suite) == []
        for record in store.attempts(suite):
            assert record.schema == SCHEMA
            assert record.status == "ok"
            for blob in record.blobs:
                assert store.arrays(record, blob)


def test_schema_1_says_what_it_said_when_it_was_written() -> None:
    store = Store(HERE / "schema-1")
    [bias] = store.records(RATING)
    ease, popular = store.records(TOP_N)
    users, lists = store.lists(ease)
    per_user = store.per_user(ease)["ndcg@10"]

    assert (bias.label, ease.label, popular.label) == ("bias", "ease", "most-popular")
    assert ease.metrics["ndcg@10"].value == 0.1606565172902396
    assert ease.params == {"reg": 300.0}
    assert ease.command == "recbench run sample/top-n -m ease --seeds 0 --quick"
    assert ease.dataset["n_interactions"] == 5467
    assert lists.shape == (len(users), 50)
    assert lists.dtype == np.int32
    assert per_user.figure() == pytest.approx(0.1606565172902396, abs=1e-15)
    assert store.predictions(bias).dtype == np.float32


def test_the_files_of_schema_1_are_as_they_were() -> None:
    files = sorted((HERE / "schema-1").rglob("results/*/*"))

    assert len(files) == 9
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
        if path.suffix == ".json":
            assert json.loads(path.read_bytes())["schema"] == 1


def test_a_store_of_schema_1_merges(tmp_path: Path) -> None:
    copied, present, refused = merge(HERE / "schema-1", tmp_path)

    assert (copied, present, refused) == (9, 0, [])
    assert Store(tmp_path).records(TOP_N) == Store(HERE / "schema-1").records(TOP_N)


def test_every_schema_before_the_present_one_has_a_step() -> None:
    assert sorted(migrations.STEPS) == list(range(1, SCHEMA))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param({"schema": SCHEMA + 1}, "upgrade recbench", id="newer"),
        pytest.param({"schema": 0}, "no step leads on", id="never released"),
        pytest.param({"schema": -7}, "no step leads on", id="negative"),
        pytest.param({"schema": "1"}, "no schema number", id="text"),
        pytest.param({"schema": True}, "no schema number", id="a truth value"),
        pytest.param({"schema": 1.0}, "no schema number", id="a float"),
        pytest.param({}, "no schema number", id="none"),
        pytest.param([], "no schema number", id="a list"),
        pytest.param(None, "no schema number", id="nothing"),
    ],
)
def test_a_schema_that_is_not_known_is_said(data: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        migrations.upgrade(data)
