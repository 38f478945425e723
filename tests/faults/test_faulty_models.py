"""Every faulty model beside faultless ones: its record says so, they notice nothing."""

import functools
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fault_cases import ALONE, CASES, LONG, RATING, SLOW

from recbench.results.record import STATUSES, Record
from recbench.results.store import Store
from recbench.runner.handed import LOG_LENGTH, MESSAGE_LENGTH, TRACEBACK_LENGTH

TIMEOUT = 5.0
MEMORY = 600 * 2**20
NEIGHBOUR = {"top-n": "neighbour", "rating": "rating-neighbour"}


def members(group: str) -> list[str]:
    """Return the faulty models of a group."""
    return [name for name in CASES if (name in SLOW) == (group == "slow")]


def marked(group: str, *values: str) -> Any:
    """Return a parameter set that runs with its group."""
    marks = [pytest.mark.slow] if group == "slow" else []
    return pytest.param(group, *values, marks=marks, id="-".join(values) or group)


each_group = pytest.mark.parametrize("group", [marked("fast"), marked("slow")])
each = pytest.mark.parametrize(
    ("group", "name"),
    [marked(group, name) for group in ("fast", "slow") for name in members(group)],
)


class Groups:
    """Runs a group of faulty models when it is first asked for."""

    def __init__(self, bench: Any, root: Path) -> None:
        self.bench, self.root = bench, root
        self.spans: dict[str, list[float]] = {}
        [self.alone] = bench.run(["neighbour"], root / "alone", jobs=1).records

    @functools.cache  # noqa: B019 - lives as long as the module's tests
    def records(self, group: str) -> dict[str, Record]:
        """All of a group, two cells at once, a faultless model after each."""
        found = {}
        for task in ("top-n", "rating"):
            if models := list(order(group, task)):
                found |= self.run(models, task, self.root / group)
        for number, name in enumerate(self.lonely(group), start=1000):
            task = "rating" if name in RATING else "top-n"
            pair = [name, f"{NEIGHBOUR[task]}[number={number},pause=2.0]"]
            again = self.run(pair, task, self.root / f"{group}-{name}")
            found |= {label: r for label, r in again.items() if label != name}
        return found

    def run(self, models: list[str], task: str, out: Path) -> dict[str, Record]:
        """Run models, two cells at once."""
        result = self.bench.run(
            models,
            out,
            suites=[f"tiny/{task}"],
            timeout=TIMEOUT,
            memory=MEMORY,
            listener=self.listen,
        )
        return {record.label: record for record in result.records}

    def lonely(self, group: str) -> list[str]:
        """Return the faulty models that a busy machine let run beside no other."""
        neighbours = [
            (a, b)
            for name, times in self.spans.items()
            if "neighbour" in name
            for a, b in pairs(times)
        ]
        return [
            name
            for name in members(group)
            if not any(
                start < b and a < end
                for start, end in pairs(self.spans[name])
                for a, b in neighbours
            )
        ]

    def listen(self, name: str, data: Mapping[str, Any]) -> None:
        """Note when each cell began and ended."""
        if name in ("cell-started", "cell-finished"):
            label = data["title"].split()[1]
            self.spans.setdefault(label, []).append(time.monotonic())


@pytest.fixture(scope="module")
def groups(bench, tmp_path_factory: pytest.TempPathFactory) -> Groups:
    """The records of all faulty models."""
    return Groups(bench, tmp_path_factory.mktemp("boards"))


def order(group: str, task: str) -> Iterator[str]:
    """Yield faulty and faultless models in turns, those that take long at the end."""
    names = [n for n in members(group) if (n in RATING) == (task == "rating")]
    number = 0
    for name in sorted(names, key=lambda n: n in LONG):
        yield name
        for _ in range(2 if name in LONG else 1):
            number += 1
            pause = 1.0 if name in LONG else 0.15
            yield f"{NEIGHBOUR[task]}[number={number},pause={pause}]"


def pairs(times: list[float]) -> list[tuple[float, float]]:
    """Return when something began and ended, each time."""
    return list(zip(times[::2], times[1::2], strict=True))


@each
def test_a_faulty_model_gets_the_record_it_deserves(
    group: str, name: str, groups: Groups
) -> None:
    case, record = CASES[name], groups.records(group)[name]

    assert record.status == case.status, (record.message, record.log)
    assert re.search(case.says, record.message), record.message
    assert record.phase == (case.phase or record.phase)
    assert case.log in record.log
    assert case.trace in record.traceback
    assert (record.metrics != {}) == (case.status == "ok")


@each
def test_what_a_record_holds_is_bounded_and_harmless(
    group: str, name: str, groups: Groups
) -> None:
    record = groups.records(group)[name]
    texts = [record.message, record.traceback, record.log, *record.curves]

    assert record.status in STATUSES
    assert len(record.message) <= MESSAGE_LENGTH
    assert len(record.traceback) <= TRACEBACK_LENGTH
    assert len(record.log) <= LOG_LENGTH
    assert all(c.isprintable() or c in "\n\t" for text in texts for c in text)
    assert sum(len(curve) for curve in record.curves.values()) <= 10_000
    assert len(record.curves) <= 50
    assert len(msgspec.json.encode(record)) < 2**20


@each_group
def test_faultless_neighbours_have_the_very_result_they_have_alone(
    group: str, groups: Groups
) -> None:
    records, alone = groups.records(group), groups.alone
    neighbours = [r for name, r in records.items() if name.startswith("neighbour")]

    assert len(neighbours) > 10
    assert {r.status for r in neighbours} == {"ok"}, [r.message for r in neighbours]
    for record in neighbours:
        assert record.metrics == alone.metrics
        assert record.blobs == alone.blobs  # named by the hash of their content
        assert record.curves == alone.curves


@each_group
def test_each_faulty_model_ran_beside_a_faultless_one(
    group: str, groups: Groups
) -> None:
    groups.records(group)

    assert groups.lonely(group) == []


@each_group
def test_everything_is_stored_and_whole(group: str, groups: Groups) -> None:
    records, store = groups.records(group), Store(groups.root / group)

    assert "tiny/top-n" in store.suites()
    for suite in store.suites():
        assert store.damaged(suite) == []
        for record in store.records(suite):
            assert record == records[record.label]


@each_group
def test_a_second_run_repeats_nothing(group: str, groups: Groups) -> None:
    groups.records(group)
    names = [name for name in members(group) if name not in RATING]
    result = groups.bench.run(names, groups.root / group)

    assert result.ran == 0
    assert result.exit_code == 1


@each_group
def test_no_process_is_left(group: str, groups: Groups) -> None:
    groups.records(group)
    until = time.monotonic() + 2
    while left := leftovers():
        assert time.monotonic() < until, left
        time.sleep(0.02)


def leftovers() -> list[str]:
    """Return the processes that the faulty models started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"sleep") and words[1].startswith(b"98765."):
            found.append(f"{path.parent.name}: {words}")
    return found


def test_constant_scores_gain_nothing_by_ties(groups: Groups) -> None:
    """The items of the file come in the order of their popularity.

    Broken by item code, ties would make a constant scorer as good as popularity.
    """
    records = groups.records("fast")
    constant = records["constant-scores"].metrics["ndcg@10"].value
    popular = records["scores-strided"].metrics["ndcg@10"].value

    assert constant is not None
    assert popular is not None
    assert constant < popular - 0.1


def test_a_write_into_train_does_not_change_the_own_result_either(
    groups: Groups,
) -> None:
    records = groups.records("fast")
    plain = records["scores-strided"]  # the same scores, no write

    for name in ("writes-into-train", "writes-through-torch"):
        assert records[name].blobs["lists"] == plain.blobs["lists"]


def test_there_are_at_least_35_faulty_models() -> None:
    assert len(CASES) + len(ALONE) >= 35
