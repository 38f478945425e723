"""A pass of our sequential models beside one of RecBole's, and what each has learned.

RecBole trains on every prefix as a sample of its own, ours on all positions of a
window at once: the same training positions for a fraction of the arithmetic.
RECBENCH_BENCH_PASSES grants RecBole more passes than two.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from peer_seconds import answer, elsewhere

SCRIPT = Path(__file__).parent / "peers" / "sequences.py"


@pytest.mark.parametrize("model", ["gru4rec", "sasrec"])
@pytest.mark.benchmark(group="a pass over the sequences")
@pytest.mark.timeout(1800)
def test_a_pass_beside_recboles(benchmark, tmp_path, model) -> None:
    passes = os.environ.get("RECBENCH_BENCH_PASSES", "2")
    theirs = elsewhere(SCRIPT, "recbole", model, ".", passes, folder=tmp_path)
    if theirs is None:
        pytest.skip("recbole is not installed here")

    ours = benchmark.pedantic(
        answer,
        args=(sys.executable, SCRIPT, "recbench", model, "."),
        kwargs={"folder": tmp_path},
        rounds=1,
    )

    goal = theirs[-1][1]
    reached = next((seconds for seconds, ndcg, _ in ours if ndcg >= goal), None)
    benchmark.extra_info.update(
        model=model,
        cpu_seconds_a_pass=ours[-1][0] / len(ours),
        times_recbole=theirs[-1][0] / len(theirs) * len(ours) / ours[-1][0],
        recbole_passes=len(theirs),
        recbole_ndcg=goal,
        recbole_test_ndcg=theirs[-1][2],
        recbole_seconds=theirs[-1][0],
        seconds_to_recboles=reached,
        ndcg_at_the_end=ours[-1][1],
        test_ndcg_at_the_end=ours[-1][2],
    )
    assert reached is not None, f"ours never reached an ndcg@10 of {goal}: {ours}"
