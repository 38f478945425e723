"""Every dialect against the stored output of the library itself."""

import sys
from pathlib import Path

import pytest

from recbench.dialects import score
from recbench.dialects.declared import DIALECTS

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers"))
from peer_cases import cases

SINGLE_PRECISION = {"warprec"}
OTHERS = [name for name in DIALECTS if name != "recbench"]


@pytest.mark.parametrize("case", list(cases()))
@pytest.mark.parametrize("dialect", OTHERS)
def test_a_dialect_reproduces_its_library(dialect, case, golden, tables):
    expected = golden[dialect]["values"][case]
    lists, truth = tables[case]

    scores = score(lists, truth, dialect=dialect)

    means = {name: s.mean for name, s in scores.metrics.items()}
    tolerance = 1e-6 if dialect in SINGLE_PRECISION else 1e-12
    assert means.keys() == expected.keys()
    assert {n for n, v in means.items() if v is None} == {
        n for n, v in expected.items() if v is None
    }
    for name, mean in means.items():
        if mean is not None:
            assert mean == pytest.approx(expected[name], abs=tolerance), name


@pytest.mark.parametrize("dialect", OTHERS)
def test_the_stored_output_is_of_the_version_that_is_printed(dialect, golden):
    stored = golden[dialect]["version"]
    if dialect == "notebook":
        assert stored == ""
    else:
        assert ".".join(stored.split(".")[:2]) in DIALECTS[dialect].library


def test_the_stored_output_has_what_it_should_tell_apart(golden):
    graded = "users without lists"
    ndcg = {name: g["values"][graded]["ndcg@10"] for name, g in golden.items()}

    assert len({round(value, 6) for value in ndcg.values()}) >= 8
    every_hits = "few relevant, every list hits"
    assert golden["recpack"]["values"][every_hits]["hit-rate@20"] > 1
    assert golden["cornac"]["values"][graded]["mrr@10"] is None
    assert golden["cornac"]["values"][every_hits]["mrr@5"] > 0
