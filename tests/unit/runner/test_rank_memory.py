"""The documented bound on what ranking holds, and the threads that rank."""

import dataclasses

import pytest

from recbench.errors import UsageError
from recbench.evaluation.rules import BLOCK_BYTES
from recbench.runner.child import rank_bytes


def test_ranking_holds_32_mib_unless_told_otherwise(monkeypatch) -> None:
    monkeypatch.delenv("RECBENCH_RANK_MIB", raising=False)
    assert rank_bytes() == BLOCK_BYTES == 32 * 2**20
    monkeypatch.setenv("RECBENCH_RANK_MIB", "")
    assert rank_bytes() == BLOCK_BYTES
    monkeypatch.setenv("RECBENCH_RANK_MIB", "5")
    assert rank_bytes() == 5 * 2**20


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1GiB", "much"])
def test_a_bound_that_is_no_number_of_mib_is_refused(text, monkeypatch) -> None:
    monkeypatch.setenv("RECBENCH_RANK_MIB", text)

    with pytest.raises(UsageError, match=r"RECBENCH_RANK_MIB.*such as 32"):
        rank_bytes()


def test_the_rules_of_a_view_carry_its_threads_and_its_bound(recbench_split) -> None:
    view = dataclasses.replace(
        recbench_split("top-n").view, threads=2, block_bytes=2**20
    )

    for final in (True, False):
        rules = view.rules(final=final)
        assert (rules.threads, rules.block_bytes) == (2, 2**20)
        assert rules.block_rows() == 2**19 // (4 * view.train.n_items)
