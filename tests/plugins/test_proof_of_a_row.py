"""A row can be made again: alone, beside other cells, and at another thread count.

Every built-in model is in here by itself: the cells follow from the catalogue. A few
quick ones run by default, all of them with ``-m slow``.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from recbench import plugins
from recbench.results import blobs
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.api import run_request
from recbench.runner.reproduce import reproduce
from recbench.runner.rescore import Rescorer

pytestmark = pytest.mark.timeout(1800)  # the first test waits for all the cells

CATALOGUE = plugins.load()
MODELS = CATALOGUE.models
TASKS = ("rating", "top-n", "next-item")
QUICK = {"bias", "ease", "svd"}

PLUGINS = Path(__file__).parents[2] / "plugins"

# How far the primary figure may move when a cell gets two threads and not one: sums of
# another order round otherwise, and a model that stops by validation may do so an
# epoch sooner or later. docs/reference/records.md states the same.
TOLERANCE = {"rating": 0.005, "top-n": 0.01, "next-item": 0.01}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The same cells, run in three ways."""

    alone: dict[tuple[str, str], Record]
    beside: dict[tuple[str, str], Record]
    two_threads: dict[tuple[str, str], Record]
    store: Store


def test_the_stated_tolerance_is_the_tested_one():
    page = PLUGINS.parent / "docs" / "reference" / "records.md"
    text = page.read_text(encoding="utf-8")

    for task, value in TOLERANCE.items():
        assert f"- `{task}`: {value:g}\n" in text


def cells():
    for name, spec in MODELS.items():
        for task in TASKS:
            if task in spec.tasks:
                marks = [] if name in QUICK else [pytest.mark.slow]
                yield pytest.param((name, task), id=f"{name} {task}", marks=marks)


CELLS = list(cells())


def run(wanted, out, **how):
    result = run_request(
        suites=[f"sample/{task}" for task in TASKS],
        models=sorted({name for name, _ in wanted}),
        device="cpu",
        timeout=250.0,
        out=out,
        **how,
    )
    return {(record.model, record.task): record for record in result.records}


@pytest.fixture(scope="module")
def made(request, tmp_path_factory):
    """Run what the chosen tests are about, and nothing else."""
    items = [
        i for i in request.session.items if "cell" in getattr(i, "fixturenames", ())
    ]
    wanted = {i.callspec.params["cell"] for i in items if i.path == request.path}
    folder = tmp_path_factory.mktemp("proof")
    return Cells(
        alone=run(wanted, folder / "alone", jobs=1),
        beside=run(wanted, folder / "beside", jobs=3),
        two_threads=run(wanted, folder / "two", jobs=1, threads=2),
        store=Store(folder / "alone"),
    )


def output(record):
    assert record.status == "ok", record.message
    return record.blobs["predictions" if record.task == "rating" else "lists"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_is_the_same_alone_and_beside_others_bit_for_bit(cell, made):
    assert made.alone[cell].threads == made.beside[cell].threads == 1
    assert output(made.alone[cell]) == output(made.beside[cell])


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_at_two_threads_is_within_the_tolerance(cell, made):
    one, two = made.alone[cell], made.two_threads[cell]
    assert two.threads == 2
    assert two.status == "ok", two.message
    primary = one.protocol["selection"]

    moved = abs(one.metrics[primary].value - two.metrics[primary].value)
    assert moved <= TOLERANCE[cell[1]]


@pytest.mark.parametrize("cell", CELLS)
def test_a_row_can_be_made_and_measured_again(cell, made):
    record = made.alone[cell]
    again = reproduce(record, CATALOGUE, made.store, print, lambda *_: None)
    assert again.verdict == "identical", again.changes
    assert again.changes == ()

    rescorer = Rescorer(CATALOGUE, made.store)
    measured = rescorer.rescore(record)
    assert measured.differing == ()
    assert measured.figures.keys() >= record.metrics.keys()


def test_packing_a_record_otherwise_does_not_make_it_another(made, tmp_path):
    record = made.alone["ease", "top-n"]
    names = ("lists", "per-user")
    arrays = {name: made.store.arrays(record, name) for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blobs, "LEVEL", 9)
        packed = Store(tmp_path / "packed").add(record, arrays)
    assert packed.blobs["lists"] != record.blobs["lists"]
    again = reproduce(
        packed, CATALOGUE, Store(tmp_path / "packed"), print, lambda *_: None
    )
    assert again.verdict == "identical"

    arrays["lists"]["lists"][0, :2] = arrays["lists"]["lists"][0, 1::-1]
    other = Store(tmp_path / "other").add(record, arrays)
    again = reproduce(
        other, CATALOGUE, Store(tmp_path / "other"), print, lambda *_: None
    )
    assert again.verdict == "within the interval"


# popular items first, those of one count in an order that no seed decides
CLOCK = """
import time
import numpy as np
from recbench import ModelSpec, hookimpl

class Clock:
    def fit(self, train, context):
        self.counts = np.bincount(train.items, minlength=train.n_items)
    def score(self, users):
        rng = np.random.default_rng(time.perf_counter_ns())
        noise = rng.random((len(users), len(self.counts)))
        return (self.counts + noise).astype(np.float32)

@hookimpl
def recbench_models():
    yield ModelSpec(name="clock", factory=Clock, tasks=("top-n",))
"""


@pytest.mark.slow
def test_a_model_that_asks_the_clock_is_told_apart(tmp_path):
    cell = ("clock", "top-n")
    plugin = tmp_path / "clock_plugin.py"
    plugin.write_text(CLOCK, encoding="utf-8")
    one, two = (
        run({cell}, tmp_path / way, jobs=1, plugins=[str(plugin)]) for way in "ab"
    )

    assert output(one[cell]) != output(two[cell])
    known = plugins.load([str(plugin)])
    store = Store(tmp_path / "a")
    again = reproduce(one[cell], known, store, print, lambda *_: None)
    assert again.verdict == "within the interval"
    assert again.changes == ()
