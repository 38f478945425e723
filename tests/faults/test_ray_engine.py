"""The Ray engine on a real cluster: the same records, whatever is lost on the way."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import test_peeking
from fault_bench import Bench
from fault_cases import CASES
from test_peeking import parts
from two_nodes import TwoNodes, alive, parent, two_nodes

from recbench.errors import UsageError
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.processes import descendants

pytest.importorskip(
    "ray", reason="needs the extra: pip install 'recbench-harness[ray]'"
)

PLUGINS = Path(__file__).parent / "plugins"
ROAMER = str(PLUGINS / "roamer.py")
__all__ = ["parts"]  # a fixture
HANDFUL = [
    "raises",
    "raises-in-score",
    "segfaults",
    "exits-zero",
    "kills-its-nanny",
    "hangs",
    "hangs-in-c",
    "ignores-the-signal",
    "allocates-for-ever",
    "leaves-a-daemon",
    "writes-into-train",
    "scores-nan",
    "repeats-items",
    "claims-huge-output",
    "lacks-score",
]
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(dump: Path) -> Iterator[TwoNodes]:
    """The cluster; its nodes inherit where models may leave things."""
    with two_nodes() as found:
        yield found


@pytest.fixture
def nodes(cluster: TwoNodes) -> TwoNodes:
    """The cluster with both its nodes."""
    cluster.ensure()
    return cluster


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    made = tmp_path / "marks"
    made.mkdir()
    return made


def roamers(marks: Path, count: int, pause: float = 60.0) -> list[str]:
    return [f"roamer[marks={marks},number={n},pause={pause}]" for n in range(count)]


def pids(marks: Path) -> list[int]:
    """Return the processes of all roamers, in the order in which they began."""
    paths = sorted(marks.glob("[0-9]*"))
    return [int(line) for path in paths for line in path.read_text().split()]


def until(found: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return value


def identity(record: Record) -> tuple[Any, ...]:
    """Return what must not depend on where a cell ran."""
    return record.key, record.status, record.metrics, record.blobs, record.curves


def test_a_run_on_a_private_cluster_gives_what_the_local_engine_gives(
    bench, tmp_path: Path
) -> None:
    options = {"plugins": [ROAMER], "device": "cpu"}
    [here] = bench.run(["roamer"], tmp_path / "a", engine="local", **options).records
    heard: list[str] = []
    listening: list[set[str]] = []

    def listen(name: str, data: Mapping[str, Any]) -> None:
        heard.append(data.get("phase", name))
        if name == "cell-started":
            listening.append(listeners(os.getpid()))

    [there] = bench.run(
        ["roamer"],
        tmp_path / "b",
        engine="ray",
        ray_address="local",
        listener=listen,
        **options,
    ).records

    assert there.status == "ok", (there.message, there.log)
    assert identity(there) == identity(here)
    assert heard[:3] == ["run-started", "cell-started", "load"]
    assert sorted(heard[3:-2]) == ["cell-progress", "fit", "score"]
    assert heard[-2:] == ["cell-finished", "run-finished"]
    assert listening[0]
    assert listening[0] <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def listeners(root: int) -> set[str]:
    """Return the addresses at which a process and those below it listen."""
    inodes = {
        str(path.readlink())
        for pid in [root, *descendants(root)]
        for path in Path(f"/proc/{pid}/fd").glob("*")
        if path.is_symlink()
    }
    found = set()
    listing = subprocess.run(
        ["ss", "-ltnHe"], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        inode = next(w for w in line.split() if w.startswith("ino:"))
        if f"socket:[{inode.removeprefix('ino:')}]" in inodes:
            found.add(line.split()[3].rpartition(":")[0].strip("[]"))
    return found


@slow
def test_both_nodes_give_the_records_of_the_local_engine_bit_for_bit(
    bench, nodes: TwoNodes, tmp_path: Path
) -> None:
    models = ["ease", "bpr-mf", *(f"neighbour[number={n}]" for n in range(4))]
    here = bench.run(models, tmp_path / "a", engine="local").records
    there = bench.run(
        models, tmp_path / "b", engine="ray", ray_address=nodes.address, device="cpu"
    ).records

    assert {r.status for r in there} == {"ok"}, [r.message for r in there]
    assert [identity(r) for r in there] == [identity(r) for r in here]
    assert all(len(cache) == 1 for cache in nodes.caches())  # one view on each


@pytest.fixture(scope="module")
def faulty(bench, cluster: TwoNodes, tmp_path_factory) -> dict[str, Record]:
    """A handful of faulty models, two at once."""
    cluster.ensure()
    result = bench.run(
        HANDFUL,
        tmp_path_factory.mktemp("faulty"),
        engine="ray",
        ray_address=cluster.address,
        device="cpu",
        timeout=5.0,
        memory=600 * 2**20,
    )
    return {record.label: record for record in result.records}


@slow
@pytest.mark.parametrize("name", HANDFUL)
def test_a_faulty_model_gets_the_record_it_has_on_the_local_engine(
    name: str, faulty: dict[str, Record]
) -> None:
    case, record = CASES[name], faulty[name]

    assert record.status == case.status, (record.message, record.log)
    assert re.search(case.says, record.message), record.message
    assert record.phase == (case.phase or record.phase)
    assert case.log in record.log
    assert case.trace in record.traceback
    assert record.warnings == []  # a model's fault is never tried again


@slow
@pytest.mark.timeout(900)
def test_the_fault_tests_of_the_local_engine_hold_here_unchanged(
    nodes: TwoNodes,
) -> None:
    here = Path(__file__).parent
    tests = [
        "test_faulty_models.py",
        "test_limits.py::test_a_model_without_news_is_stopped",
        "test_limits.py::test_the_peak_is_that_of_the_model",
        "test_trouble.py::test_a_model_that_raises_is_not_tried_again",
        "test_trouble.py::test_who_writes_into_the_files_of_all_is_found_and_harms_nobody",
    ]
    words = [sys.executable, "-m", "pytest", *(str(here / test) for test in tests)]
    # which cells overlap is a matter of one machine with two lanes
    words += ["-k", "not each_faulty_model_ran_beside_a_faultless_one"]
    found = subprocess.run(
        words,
        env=os.environ
        | {"RECBENCH_TEST_ENGINE": "ray", "RECBENCH_TEST_RAY_ADDRESS": nodes.address},
        capture_output=True,
        text=True,
        check=False,
        cwd=here.parent.parent,
    )

    assert found.returncode == 0, found.stdout[-5000:]


class OnNodes:
    """The bench with another engine, for functions that take a bench."""

    def __init__(self, bench: Bench, nodes: TwoNodes) -> None:
        self.dump = bench.dump
        self.run = functools.partial(
            bench.run, engine="ray", ray_address=nodes.address, device="cpu"
        )


@slow
def test_no_test_interaction_is_where_a_model_on_a_node_is_pointed_to(
    bench, nodes: TwoNodes, tmp_path: Path, parts: dict[Any, Any]
) -> None:
    seen = test_peeking.found(OnNodes(bench, nodes), tmp_path)

    assert len(seen) == 4
    assert test_peeking.hits(seen, test_peeking.labels(parts)) == []
    for files in seen.values():
        own = [name for name in files if Path(name).name.startswith("train-")]
        assert len(own) == 3  # of its own view, and of no other seed or suite


@slow
def test_the_cells_of_a_lost_node_run_elsewhere(
    bench, nodes: TwoNodes, marks: Path, tmp_path: Path
) -> None:
    models, said = roamers(marks, 2), []

    def kill() -> None:
        until(lambda: len(pids(marks)) == 2)
        both = pids(marks)
        nodes.lose()
        until(lambda: not all(alive(pid) for pid in both), 10)
        (marks / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    result = bench.run(
        models,
        tmp_path / "a",
        engine="ray",
        ray_address=nodes.address,
        plugins=[ROAMER],
        log=said.append,
    )
    killer.join()
    here = bench.run(models, tmp_path / "b", engine="local", plugins=[ROAMER]).records
    lost = [r.warnings for r in result.records if r.warnings]

    assert [identity(r) for r in result.records] == [identity(r) for r in here]
    assert lost == [["tried again: its node was lost"]]
    assert "roamer: its node was lost; it runs again" in said
    assert not [pid for pid in pids(marks) if alive(pid)]


@slow
def test_a_cell_whose_supervisor_is_killed_runs_again(
    bench, nodes: TwoNodes, marks: Path, tmp_path: Path
) -> None:
    models = roamers(marks, 1)

    def kill() -> None:
        [pid] = until(lambda: pids(marks))
        worker = parent(parent(parent(pid)))
        os.kill(worker, signal.SIGKILL)
        until(lambda: not alive(pid), 5)
        (marks / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    [record] = bench.run(
        models, tmp_path, engine="ray", ray_address=nodes.address, plugins=[ROAMER]
    ).records
    killer.join()

    assert record.status == "ok"
    # where Ray has no worker yet for the next attempt, it is tried once more
    first, *rest = record.warnings
    assert first == "tried again: the process that watched over it was killed"
    assert set(rest) <= {"tried again: its node was lost before it began"}


@slow
def test_a_run_that_is_stopped_politely_keeps_what_it_has_and_resumes(
    bench, nodes: TwoNodes, marks: Path, tmp_path: Path
) -> None:
    models = ["roamer", *roamers(marks, 3)]
    options = {"engine": "ray", "ray_address": nodes.address, "plugins": [ROAMER]}
    main = threading.get_native_id()

    def interrupt() -> None:
        until(lambda: len(pids(marks)) == 2)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    assert main == threading.main_thread().native_id
    thread = threading.Thread(target=interrupt)
    thread.start()
    first = bench.run(models, tmp_path, **options)
    thread.join()
    stopped = {r.label.partition("[")[0] + r.status: r for r in first.records}
    (marks / "go").touch()
    second = bench.run(models, tmp_path, **options)

    assert first.exit_code == 130
    assert {r.status for r in first.records} == {"ok", "interrupted"}
    assert len([r for r in first.records if r.curves]) == 3  # both that ran kept theirs
    assert stopped["roamerinterrupted"].message in (
        "stopped before it was done",
        "not started",
    )
    assert second.exit_code == 0
    assert second.ran == 3


def command(nodes: TwoNodes, models: list[str], csv: Path, out: Path) -> list[str]:
    main = "from recbench.cli.main import main; main()"
    words = [sys.executable, "-c", main, "run", "tiny/top-n", "-d", str(csv)]
    words += [word for model in models for word in ("-m", model)]
    words += ["-p", ROAMER, "--engine", "ray", "--ray-address", nodes.address]
    return [*words, "--out", str(out), "--device", "cpu"]


@slow
def test_a_killed_run_leaves_no_process_and_resumes(
    bench, nodes: TwoNodes, marks: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    models = ["roamer", *roamers(marks, 2)]
    words = command(nodes, models, tiny_csv, tmp_path / "out")
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as run:
        until(lambda: len(pids(marks)) == 2)
        before = [*pids(marks), *(parent(pid) for pid in pids(marks))]
        run.kill()
        until(lambda: not any(alive(pid) for pid in before), 10)
    until(lambda: not sleepers(), 5)
    stored = Store(tmp_path / "out").records("tiny/top-n")
    (marks / "go").touch()
    again = bench.run(
        models,
        tmp_path / "out",
        engine="ray",
        ray_address=nodes.address,
        plugins=[ROAMER],
        device="cpu",
    )

    assert [r.label for r in stored] == ["roamer"]
    assert again.exit_code == 0
    assert again.ran == 2


def sleepers() -> list[str]:
    """Return the processes that a roamer left."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\x0098765.77\0":
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threads": 3}, "needs 3 CPUs: the most .* is 1 CPUs"),
        ({"memory": 2**50}, r"needs 1 CPUs, 1,073,741,824 MiB of memory: the most"),
    ],
    ids=["more threads than any node has", "more memory than any node has"],
)
def test_what_no_node_can_give_is_said_at_once(
    options: dict[str, Any], says: str, bench, nodes: TwoNodes, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=says):
        bench.run(
            ["ease"], tmp_path, engine="ray", ray_address=nodes.address, **options
        )
    assert list(tmp_path.iterdir()) == []


@slow
def test_a_gpu_is_given_to_those_that_ask_and_hidden_from_the_others(
    bench, nodes: TwoNodes, tmp_path: Path
) -> None:
    """The GPU is a pretence: Ray counts it, nobody computes on it."""
    plain, gpu = bench.run(
        ["roamer", "gpu-roamer"],
        tmp_path,
        engine="ray",
        ray_address=nodes.address,
        plugins=[ROAMER],
    ).records

    assert (plain.status, gpu.status) == ("ok", "ok"), (plain.message, gpu.message)
    assert (plain.device, gpu.device) == ("cpu", "cuda")
    assert plain.curves["gpu"] == [(1.0, -1.0)]  # an empty list of devices
    assert gpu.curves["gpu"] == [(1.0, 0.0)]  # the first one
    assert gpu.curves["accelerated"] == [(1.0, 1.0)]
    assert gpu.curves["cluster"] == [(1.0, 0.0)]  # no way back into the cluster


@slow
def test_a_node_without_data_and_plugin_gets_them_by_hash(
    bench, nodes: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recbench.runner.engines.cluster.orders import Orders

    real = Orders.order

    def elsewhere(self: Orders, job: Any) -> str:
        """Name places that are on no node."""
        order = json.loads(real(self, job))
        order["view"]["folder"] = "/nowhere/view"
        order["request"]["plugin"]["value"] = "/nowhere/roamer.py"
        return json.dumps(order)

    monkeypatch.setattr(Orders, "order", elsewhere)
    options = {"plugins": [ROAMER], "suites": ["tiny/top-n"], "seeds": (5,)}
    before = nodes.caches()
    [there] = bench.run(
        ["roamer"], tmp_path / "a", engine="ray", ray_address=nodes.address, **options
    ).records
    [here] = bench.run(["roamer"], tmp_path / "b", engine="local", **options).records
    grown = [new - old for new, old in zip(nodes.caches(), before, strict=True)]

    assert there.status == "ok", there.message
    assert identity(there) == identity(here)
    assert [len(new) for new in grown if new] == [2]  # a view and a plugin


@slow
def test_a_plugin_folder_that_is_missing_on_the_nodes_is_refused_with_advice(
    bench, nodes: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recbench.runner.engines.cluster.orders import Orders

    real = Orders.order

    def elsewhere(self: Orders, job: Any) -> str:
        order = json.loads(real(self, job))
        if order["request"]["model"] == "raises":
            order["request"]["plugin"]["value"] = "/nowhere/faulty_models"
        return json.dumps(order)

    monkeypatch.setattr(Orders, "order", elsewhere)
    refused, fine = bench.run(
        ["raises", "ease"], tmp_path, engine="ray", ray_address=nodes.address
    ).records

    assert refused.status == "interrupted"
    assert "plugin faulty_models is missing there and has source" in refused.message
    assert "only single files are sent along; install the package" in refused.message
    assert fine.status == "ok"


@slow
def test_a_node_with_other_versions_is_left_out_and_both_sides_are_named(
    bench, nodes: TwoNodes, tmp_path: Path
) -> None:
    fake = tmp_path / "packages" / "numba-0.0.1.dist-info"
    fake.mkdir(parents=True)
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: numba\nVersion: 0.0.1")
    path = os.pathsep.join([str(fake.parent), os.environ.get("PYTHONPATH", "")])
    other = nodes.add(num_cpus=4, env_vars={"PYTHONPATH": path})
    said: list[str] = []
    try:
        records = bench.run(
            [f"neighbour[number={n}]" for n in range(5)],
            tmp_path / "out",
            engine="ray",
            ray_address=nodes.address,
            jobs=6,
            log=said.append,
        ).records
    finally:
        nodes.cluster.remove_node(other)
    [note] = [line for line in said if "left out" in line]

    assert {r.status for r in records} == {"ok"}
    assert "numba is 0.0.1 there and" in note
    assert note.endswith("here")


@slow
def test_a_cluster_without_any_fitting_node_is_refused(
    bench, nodes: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recbench.runner.engines.cluster import orders

    found = orders.fingerprint() | {"numpy": "1.0"}
    monkeypatch.setattr(orders, "fingerprint", lambda: found)
    with pytest.raises(UsageError, match=r"numpy is .* there and 1\.0 here"):
        bench.run(["ease"], tmp_path, engine="ray", ray_address=nodes.address)


def test_an_address_where_nobody_answers_is_refused_at_once(
    bench, tmp_path: Path
) -> None:
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"no Ray cluster answers at 127\.0\.0\.1:9"):
        bench.run(["ease"], tmp_path, engine="ray", ray_address="127.0.0.1:9")
    assert time.monotonic() - started < 30
    with pytest.raises(UsageError, match="write auto, local or HOST:PORT"):
        bench.run(["ease"], tmp_path, engine="ray", ray_address="somewhere")
