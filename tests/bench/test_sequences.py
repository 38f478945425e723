"""A pass of our sequential models beside one of RecBole's, and what each has learned.

RecBole trains on every prefix as a sample of its own, ours on all positions of a
window at once: the same training positions for a fraction of the arithmetic.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "peers" / "sequences.py"


@pytest.mark.parametrize("model", ["gru4rec", "sasrec"])
@pytest.mark.benchmark(group="a pass over the sequences")
@pytest.mark.timeout(1800)
def test_a_pass_beside_recboles(benchmark, tmp_path, model) -> None:
    others = os.environ.get("RECBENCH_PEER_PYTHONS", "").split(os.pathsep)
    answers = (passes("recbole", p, model, tmp_path) for p in filter(None, others))
    theirs = next(filter(None, answers), None)
    if theirs is None:
        pytest.skip("recbole is not installed here")

    ours = benchmark.pedantic(
        passes, args=("recbench", sys.executable, model, tmp_path), rounds=1
    )

    goal = theirs[-1][1]
    reached = next((seconds for seconds, ndcg in ours if ndcg >= goal), None)
    benchmark.extra_info.update(
        model=model,
        cpu_seconds_a_pass=ours[-1][0] / len(ours),
        times_recbole=theirs[-1][0] / len(theirs) * len(ours) / ours[-1][0],
        recbole_passes=len(theirs),
        recbole_ndcg=goal,
        recbole_seconds=theirs[-1][0],
        seconds_to_recboles=reached,
        ndcg_at_the_end=ours[-1][1],
    )
    assert reached is not None, f"ours never reached an ndcg@10 of {goal}: {ours}"


def passes(
    library: str, python: str, model: str, folder: Path
) -> list[tuple[float, float]]:
    """Return seconds and ndcg@10 after each pass; none where the library is missing."""
    done = subprocess.run(
        [python, "-W", "ignore", str(SCRIPT), library, model, str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named" in done.stderr:
        return []
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
