"""Time, memory and progress are watched from outside, and what is measured is true."""

import subprocess
import sys
from pathlib import Path

import pytest
from fault_bench import WarmEngine

from recbench.runner.processes import exceeds

MIB = 300  # what the measured model allocates


def test_a_model_without_news_is_stopped(bench, tmp_path: Path) -> None:
    [record] = bench.run(["hangs-without-news"], tmp_path, idle=0.7, jobs=1).records

    assert record.status == "timeout"
    assert record.message == "no progress for 0.7 s"
    assert record.curves == {"loss": [(1.0, 0.5)]}
    assert record.seconds["total"] < 20


def test_a_model_with_news_is_not_stopped(bench, tmp_path: Path) -> None:
    [record] = bench.run(["prints-and-reports"], tmp_path, idle=1.0, jobs=1).records

    assert record.status == "ok"
    assert record.seconds["fit"] > 1.5


def test_the_peak_is_that_of_the_model(bench, tmp_path: Path) -> None:
    """300 MiB are allocated and freed; a model that does not is the measure."""
    models = ["allocates-a-known-amount", "scores-strided"]
    found = {r.label: r for r in bench.run(models, tmp_path, jobs=1).records}
    peak, plain = (found[name].peak_mib for name in models)

    assert peak is not None
    assert plain is not None
    assert MIB - 5 < peak - plain < MIB + 40


def test_the_peak_does_not_hold_the_memory_of_the_run(bench, tmp_path: Path) -> None:
    """What the system's usual answer holds, as the second half shows."""
    ballast = bytearray(1000 * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    [record] = bench.run(["scores-strided"], tmp_path, jobs=1).records
    code = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    usual = subprocess.check_output([sys.executable, "-c", code])
    del ballast

    assert record.peak_mib is not None
    assert record.peak_mib < 500
    assert int(usual) / 1024 > 1000


def test_shared_memory_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from recbench.runner import processes

    monkeypatch.setattr(processes, "descendants", lambda _root: [1, 2, 3])
    monkeypatch.setattr(processes, "_resident", lambda _pid: 100)
    monkeypatch.setattr(processes, "_proportional", lambda _pid: 40)

    assert exceeds(0, 300) == 0  # the simple sum is within
    assert exceeds(0, 200) == 0  # what they share counted three times
    assert exceeds(0, 100) == 120


def test_a_fork_and_a_fresh_interpreter_give_the_same_bits(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model draws from torch's and NumPy's global generators and its own."""
    [forked] = bench.run(["neighbour"], tmp_path / "fork").records
    with monkeypatch.context() as patch:
        patch.setenv("RECBENCH_ISOLATION", "spawn")
        patch.setattr(WarmEngine, "warm", warm := {})
        [fresh] = bench.run(["neighbour"], tmp_path / "spawn").records
        assert "--fresh" in warm[1, True].process.args
        warm[1, True].close()

    assert forked.status == fresh.status == "ok"
    assert forked.blobs == fresh.blobs
    assert forked.curves == fresh.curves
    assert forked.metrics == fresh.metrics


@pytest.mark.slow
def test_without_seeds_for_the_global_generators_two_runs_differ(
    bench, tmp_path: Path
) -> None:
    """The protection taken away."""
    code = "child.seed_globals = lambda seed: None"
    blobs = []
    for number in range(2):
        [record] = bench.twin(["neighbour"], tmp_path / str(number), code).records
        blobs.append(record.blobs["lists"])

    assert blobs[0] != blobs[1]


WITHOUT = {
    "a private mapping": (
        """
real = view.np.load
view.np.load = lambda path, mmap_mode=None, **kw: real(path, mmap_mode and "r+", **kw)
""",
        "invalid",  # the guard of views finds the shared pages changed
    ),
    "a view of its own for the harness": (
        "child.read = __import__('functools').cache(view.read)",
        "invalid",  # it masks by what the model made of train: seen items are listed
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "status"), WITHOUT.values(), ids=WITHOUT)
def test_without_the_protection_a_write_into_train_does_harm(
    bench, tmp_path: Path, code: str, status: str
) -> None:
    [record] = bench.twin(["writes-into-train"], tmp_path, code, jobs=1).records

    assert record.status == status
