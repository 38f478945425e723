"""Two runs side by side: what is slower, by how much, and when that fails."""

import json

import pytest

from recbench.bench import text
from recbench.bench.comparing import compare, limit_of
from recbench.bench.results import Timing, Timings
from recbench.errors import DataError, NothingRanError, UsageError


def run(reference=0.1, version=1, machine="abc", **seconds: float) -> Timings:
    return Timings(
        machine={"id": machine},
        versions={"numpy": "2.0"},
        threads=1,
        dataset="sample",
        reference_version=version,
        timings=tuple(
            Timing(
                name=name.replace("_", ":"),
                seconds=(value,),
                clock=(value,),
                reference=(reference,),
            )
            for name, value in seconds.items()
        ),
    )


@pytest.mark.parametrize(
    ("written", "pattern", "times"),
    [
        ("fit>1.2", "fit", 1.2),
        ("score:ease:*>1.5", "score:ease:*", 1.5),
        (" * > 20% ", "*", 1.2),
        ("rank>1", "rank", 1.0),
    ],
)
def test_a_limit_is_a_pattern_and_a_multiple(written, pattern, times) -> None:
    limit = limit_of(written)

    assert limit.pattern == pattern
    assert limit.times == pytest.approx(times)


@pytest.mark.parametrize("written", ["fit", "fit<1.2", "fit>", ">1.2", "fit>x", ""])
def test_what_is_no_limit_is_refused(written) -> None:
    with pytest.raises(UsageError, match="is no limit"):
        limit_of(written)


def test_a_limit_that_fails_without_any_change_is_refused() -> None:
    with pytest.raises(UsageError, match="without any change"):
        limit_of("fit>0.9")


def test_a_machine_twice_as_slow_changes_nothing() -> None:
    found = compare(
        run(reference=0.1, fit_ease=2.0), run(reference=0.2, fit_ease=4.0), ()
    )

    assert found.changes[0].times == pytest.approx(1.0)
    assert not found.failed


def test_what_becomes_slower_than_allowed_fails_and_nothing_else() -> None:
    before = run(fit_ease=1.0, fit_svd=1.0, rank_rows=1.0)
    after = run(fit_ease=1.3, fit_svd=1.1, rank_rows=9.0)
    found = compare(before, after, [limit_of("fit>1.2")])

    assert [c.before.name for c in found.changes if c.failed] == ["fit:ease"]
    assert found.failed
    assert [c.before.name for c in found.changes] == [
        "rank:rows",
        "fit:ease",
        "fit:svd",
    ]
    assert "1 of 3" in text.verdict(found)
    assert text.render(found).count("SLOWER") == 1


def test_the_tightest_of_several_limits_counts() -> None:
    limits = [limit_of("*>2"), limit_of("fit:*>1.1"), limit_of("fit>1.5")]
    found = compare(run(fit_ease=1.0), run(fit_ease=1.2), limits)

    assert found.changes[0].limit == pytest.approx(1.1)
    assert found.failed


def test_what_is_limited_and_not_timed_any_more_fails() -> None:
    before, after = run(fit_ease=1.0, fit_svd=1.0, rank_rows=1.0), run(fit_ease=1.0)
    found = compare(before, after, [limit_of("fit>1.2")])

    assert found.missing == ("fit:svd",)  # rank:rows has no limit
    assert found.failed
    assert "fit:svd" in text.render(found)


def test_a_limit_on_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no benchmark is named 'fat': there are fit"):
        compare(run(fit_ease=1.0), run(fit_ease=1.0), [limit_of("fat>1.2")])


def test_ratios_to_another_calculation_are_not_compared() -> None:
    with pytest.raises(DataError, match="different reference calculations"):
        compare(run(fit_a=1.0), run(version=2, fit_a=1.0))


def test_files_without_a_common_name_are_refused() -> None:
    with pytest.raises(NothingRanError):
        compare(run(fit_a=1.0), run(fit_b=1.0))


def test_another_machine_is_noted() -> None:
    found = compare(run(fit_a=1.0), run(machine="xyz", fit_a=1.0))

    assert "different machines" in text.render(found)


def test_json_has_one_entry_per_benchmark() -> None:
    before, after = run(fit_ease=1.0, fit_svd=1.0), run(fit_ease=3.0)
    entries = json.loads(text.to_json(compare(before, after, [limit_of("fit>1.2")])))

    assert [(e["name"], e["failed"]) for e in entries] == [
        ("fit:ease", True),
        ("fit:svd", True),
    ]
    assert entries[0]["times"] == pytest.approx(3.0)
