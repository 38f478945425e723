"""What a node gets and keeps, and where cells go: each part without a cluster."""

import dataclasses
import hashlib
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recbench import plugins
from recbench.errors import UsageError
from recbench.plugins.sources import source_hash
from recbench.runner import view as views
from recbench.runner.engines import Job
from recbench.runner.engines.cluster import depot, desk, supply
from recbench.runner.engines.cluster.desk import Desk
from recbench.runner.engines.cluster.supply import RefusedError
from recbench.runner.supervise import Limits

GO_ON = threading.Event()
MIB = 2**20


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of a node."""
    made = tmp_path / "node"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made


@pytest.fixture
def view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files that need several pieces each."""
    monkeypatch.setattr(desk, "PIECE_BYTES", 100)
    folder = tmp_path / "view"
    folder.mkdir()
    for name in ("train-users", "train-items", "candidates"):
        np.save(folder / f"{name}.npy", np.arange(300))
    (folder / "view.json").write_text("{}")
    return folder


def obtain(view: Path, source: Any, *, shared: Path | None = None) -> Path:
    digest = views.fingerprint(view)
    return depot.obtain(
        digest,
        lambda folder: folder.is_dir() and views.fingerprint(folder) == digest,
        source=source,
        halt=GO_ON,
        shared=shared,
    )


def offering(view: Path) -> Desk:
    made = Desk()
    made.offer_folder(views.fingerprint(view), str(view))
    return made


class Liar(Desk):
    """Flips one bit in whatever it hands over."""

    def read(self, digest: str, name: str, offset: int) -> bytes:
        data = super().read(digest, name, offset)
        return bytes([data[0] ^ 1]) + data[1:] if data else data


class Intruder(Desk):
    """Offers a file that lies elsewhere."""

    def names(self, digest: str) -> list[str]:
        return ["../evil.py"]


class Silent(Desk):
    """Has nothing to offer and must not be asked."""

    def names(self, digest: str) -> list[str]:
        raise AssertionError


def kept(room: Path) -> list[Path]:
    return sorted(room.glob("recbench-cache-*-*"))


def test_a_view_arrives_piece_by_piece_and_is_kept(room: Path, view: Path) -> None:
    first = obtain(view, offering(view))
    second = obtain(view, Silent())

    assert first == second
    assert first.is_relative_to(room)
    assert views.fingerprint(first) == views.fingerprint(view)


def test_a_view_that_can_be_reached_is_copied(room: Path, view: Path) -> None:
    found = obtain(view, Silent(), shared=view)

    assert found.is_relative_to(room)
    assert views.fingerprint(found) == views.fingerprint(view)


@pytest.mark.parametrize(
    ("source", "says"), [(Liar, "not what its hash"), (Intruder, "refused to write")]
)
def test_what_does_not_agree_with_its_hash_is_not_kept(
    source: type[Desk], says: str, room: Path, view: Path
) -> None:
    made = source()
    made.offer_folder(views.fingerprint(view), str(view))

    with pytest.raises(OSError, match=says):
        obtain(view, made)
    assert kept(room) == []
    assert not list(room.rglob("evil.py"))


def test_a_damaged_view_is_replaced_under_another_name(room: Path, view: Path) -> None:
    """A cell that maps the old files must find out when it compares them."""
    first = obtain(view, offering(view))
    (first / "train-items.npy").write_bytes(b"spoilt")
    second = obtain(view, offering(view))

    assert second != first
    assert not first.exists()
    assert views.fingerprint(second) == views.fingerprint(view)


def test_a_file_that_was_added_counts_as_damage(room: Path, view: Path) -> None:
    first = obtain(view, offering(view))
    (first / "history-users.npy").write_bytes(b"x")

    assert obtain(view, offering(view)) != first


def test_tasks_of_a_node_fetch_a_view_once(room: Path, view: Path) -> None:
    reads: list[str] = []

    class Slow(Desk):
        def read(self, digest: str, name: str, offset: int) -> bytes:
            reads.append(name)
            time.sleep(0.001)
            return super().read(digest, name, offset)

    source = Slow()
    source.offer_folder(views.fingerprint(view), str(view))
    threads = [
        threading.Thread(target=obtain, args=(view, source), name=f"task {n}")
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept(room)) == 1
    assert reads.count("view.json") == 2  # its one piece, and its end


def test_who_waits_for_a_fetch_can_be_stopped(room: Path, view: Path) -> None:
    digest = views.fingerprint(view)
    halt = threading.Event()
    halt.set()
    with (
        depot._alone(room / f"{depot.PREFIX}{digest[: depot.SHOWN]}.lock", GO_ON),
        pytest.raises(OSError, match="stopped while another task fetched"),
    ):
        depot.obtain(digest, lambda _: True, source=Silent(), halt=halt)


def test_what_nobody_used_for_a_week_is_removed(room: Path, view: Path) -> None:
    old, new = obtain(view, offering(view)), room / "recbench-cache-new"
    new.mkdir()
    week = time.time() - depot.LEFTOVER_SECONDS - 60
    os.utime(old.parent, (week, week))
    depot.sweep(room)

    assert not old.exists()
    assert new.exists()


def test_a_view_in_use_is_not_old(room: Path, view: Path) -> None:
    folder = obtain(view, offering(view))
    week = time.time() - depot.LEFTOVER_SECONDS + 60
    os.utime(folder.parent, (week, week))
    obtain(view, Silent())

    assert folder.parent.stat().st_mtime > time.time() - 60


def test_questions_stay_in_memory_and_are_verified(room: Path) -> None:
    data = b"who is asked for"
    digest = hashlib.sha256(data).hexdigest()
    honest, liar = Desk(), Liar()
    for made in (honest, liar):
        made.offer(digest, supply.QUESTIONS, data)
    supply._asked.clear()

    with pytest.raises(OSError, match="not what its hash"):
        supply.questions(digest, liar)
    assert supply.questions(digest, honest) == data
    assert list(room.iterdir()) == []


def plugin(path: Path) -> plugins.Plugin:
    return plugins.Plugin(name=path.stem, kind="path", value=str(path))


def test_a_plugin_of_one_file_is_fetched_where_it_is_missing(
    room: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("answer = 42\n")
    digest = source_hash(plugin(path))
    source = Desk()
    source.offer(digest, "mine.py", path.read_bytes())
    here = dataclasses.asdict(plugin(path))
    away = {**here, "value": "/nowhere/mine.py"}
    found = supply.plugin(away, digest, source, GO_ON)

    assert supply.plugin(here, digest, Silent(), GO_ON) == here
    assert Path(found["value"]).read_text() == "answer = 42\n"
    assert {**found, "value": ""} == {**away, "value": ""}


def test_another_file_of_the_same_name_is_not_used(room: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("answer = 42\n")
    digest, data = source_hash(plugin(path)), path.read_bytes()
    path.write_text("answer = 41\n")  # what this node happens to have there
    source = Desk()
    source.offer(digest, "mine.py", data)
    found = supply.plugin(dataclasses.asdict(plugin(path)), digest, source, GO_ON)

    assert Path(found["value"]) != path
    assert Path(found["value"]).read_text() == "answer = 42\n"


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (
            plugins.Plugin(name="p", kind="path", value="/nowhere/package"),
            "plugin p is missing there and has source aaaaaaaaaaaa here: only single",
        ),
        (
            plugins.Plugin(name="q", kind="module", value="no_such_module"),
            "plugin q is missing there.*: install the same version on every node",
        ),
        (
            plugins.Plugin(name="r", kind="module", value="recbench.suites"),
            "plugin r has source [0-9a-f]{12} there and has source aaaaaaaaaaaa here",
        ),
    ],
    ids=["a folder", "a missing module", "another version"],
)
def test_a_plugin_that_a_node_lacks_is_refused(
    held: plugins.Plugin, says: str, room: Path
) -> None:
    with pytest.raises(RefusedError, match=says) as caught:
        supply.plugin(dataclasses.asdict(held), "a" * 64, Desk(), GO_ON)
    assert not caught.value.whole


def test_the_desk_hands_over_nothing_that_was_not_offered(view: Path) -> None:
    made = offering(view)
    digest = views.fingerprint(view)

    assert made.names("0" * 64) == []
    for name in ("../view/view.json", "/etc/passwd", "other.npy"):
        with pytest.raises(FileNotFoundError):
            made.read(digest, name, 0)


def test_the_desk_passes_news_on_once_and_the_wish_to_stop_back() -> None:
    made = Desk()

    assert made.tell(3, 1, [{"phase": "fit"}, {"epoch": 1.0}]) is False
    assert made.take(halted=True) == [(3, 1, {"phase": "fit"}), (3, 1, {"epoch": 1.0})]
    assert made.take(halted=True) == []
    assert made.tell(3, 1, []) is True


def test_the_desk_forgets_the_oldest_news_when_nobody_takes_them() -> None:
    made = Desk()
    for number in range(desk.KEPT_EVENTS + 5):
        made.tell(number, 1, [{}])

    assert len(made.events) == desk.KEPT_EVENTS


class Cluster:
    """Nodes as Ray would list them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("ray", reason="needs recbench-harness[ray]")
        from recbench.runner.engines.cluster import flights, nodes

        self.flights, self.module = flights, nodes
        self.listed: list[dict[str, Any]] = []
        monkeypatch.setattr(nodes, "listed", lambda: self.listed)

    def add(self, name: str, **resources: float) -> None:
        address = f"10.0.0.{len(self.listed)}"
        facts = {"NodeID": name, "Alive": True, "NodeManagerAddress": address}
        self.listed.append({**facts, "Resources": resources})

    def nodes(self) -> Any:
        return self.module.Nodes()

    def flight(self, *, threads: int = 1, device: str = "cpu", memory: int = 0) -> Any:
        job = Job(
            number=0,
            folder=Path(),
            request={"model": "m"},
            env={},
            limits=Limits(memory=memory or None),
            threads=threads,
            device=device,
        )
        return self.flights.Flight(job=job, needs=self.module.needs(job))

    def placed(self, waiting: list[Any], nodes: Any, room: int = 99) -> list[str]:
        """Place cells; return where each went, or why nowhere."""
        self.left = deque(waiting)
        found = []
        for flight, where in self.flights.place(self.left, nodes, room):
            if isinstance(where, str):
                found.append(where)
            else:
                flight.depart(where)
                found.append(where.name)
        return found


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


def test_cells_spread_over_nodes_until_all_are_full(cluster: Cluster) -> None:
    cluster.add("a", CPU=2)
    cluster.add("b", CPU=3)
    nodes = cluster.nodes()
    flights = [cluster.flight() for _ in range(7)]

    assert sorted(cluster.placed(flights, nodes)) == ["a", "a", "b", "b", "b"]
    assert list(cluster.left) == flights[5:]


def test_no_more_cells_are_placed_than_asked(cluster: Cluster) -> None:
    cluster.add("a", CPU=9)
    flights = [cluster.flight() for _ in range(4)]

    assert cluster.placed(flights, cluster.nodes(), room=2) == ["a", "a"]
    assert list(cluster.left) == flights[2:]


def test_a_large_cell_that_waits_does_not_keep_small_ones(cluster: Cluster) -> None:
    cluster.add("a", CPU=2)
    nodes = cluster.nodes()
    cluster.placed([cluster.flight()], nodes)
    large, small = cluster.flight(threads=2), cluster.flight()

    assert cluster.placed([large, small], nodes) == ["a"]
    assert list(cluster.left) == [large]


def test_cells_without_a_gpu_leave_its_node_to_others(cluster: Cluster) -> None:
    cluster.add("gpu", CPU=64, GPU=1)
    cluster.add("plain", CPU=1)
    nodes = cluster.nodes()
    flights = [cluster.flight(), cluster.flight(device="cuda"), cluster.flight()]

    assert cluster.placed(flights, nodes) == ["plain", "gpu", "gpu"]
    assert cluster.module.kinds() == ("cpu", "cuda")
    assert cluster.module.slots(2) == 32


def test_memory_is_booked_like_cores(cluster: Cluster) -> None:
    cluster.add("a", CPU=8, memory=1000 * MIB)
    flights = [cluster.flight(memory=400 * MIB) for _ in range(3)]

    assert cluster.placed(flights, cluster.nodes()) == ["a", "a"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"threads": 5}, "needs 5 CPUs: the most that any of its nodes .2. has is 4"),
        ({"device": "cuda"}, "needs 1 CPUs, 1 GPUs: the most"),
        ({"memory": 900 * MIB}, "needs 1 CPUs, 900 MiB of memory: .* 512 MiB"),
        ({"threads": 4, "memory": 300 * MIB}, "needs 4 CPUs, 300 MiB"),
    ],
    ids=["cores", "a GPU", "memory", "both, each on another node"],
)
def test_what_no_node_has_is_said_with_what_there_is(
    wanted: dict[str, Any], says: str, cluster: Cluster
) -> None:
    cluster.add("a", CPU=4, memory=256 * MIB)
    cluster.add("b", CPU=2, memory=512 * MIB)

    with pytest.raises(UsageError, match=says):
        cluster.nodes().require(cluster.flight(**wanted).needs)


def test_a_device_that_no_cluster_serves_is_refused(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="cpu and cuda, not on 'mps'"):
        cluster.flight(device="mps")


def test_a_cell_avoids_where_it_was_lost_unless_there_is_nowhere_else(
    cluster: Cluster,
) -> None:
    cluster.add("a", CPU=8)
    cluster.add("b", CPU=2)
    nodes, flight = cluster.nodes(), cluster.flight()
    nodes.alive["b"].book(flight.needs, 2)  # full for now
    assert cluster.placed([flight], nodes) == ["a"]
    assert flight.lose("its node was lost")

    assert cluster.placed([flight], nodes) == []  # it waits for b
    nodes.drop("b")
    assert cluster.placed([flight], nodes) == ["a"]


def test_a_cell_is_lost_at_most_so_many_times(cluster: Cluster) -> None:
    flight = cluster.flight()
    again = [flight.lose(f"{n}") for n in range(5)]

    assert again == [True] * cluster.flights.LOSSES + [False] * 2


def test_a_cell_that_every_node_refuses_says_why(cluster: Cluster) -> None:
    cluster.add("a", CPU=1)
    cluster.add("b", CPU=1)
    nodes, flight = cluster.nodes(), cluster.flight()
    nodes.refused["a"] = "numpy is 1 there and 2 here"
    flight.refused["b"] = "plugin p is missing there"
    [reason] = cluster.placed([flight], nodes)

    assert reason == (
        "no node can run it: numpy is 1 there and 2 here; plugin p is missing there"
    )


def test_a_cell_waits_a_while_for_lost_nodes(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, flight = cluster.nodes(), cluster.flight()

    assert cluster.placed([flight], nodes) == []
    monkeypatch.setattr(cluster.flights, "RETURN_SECONDS", 0.0)
    assert cluster.placed([flight], nodes) == ["no node that could run it is left"]


def test_a_lost_node_is_not_used_though_it_is_still_listed(cluster: Cluster) -> None:
    cluster.add("a", CPU=1)
    nodes = cluster.nodes()
    nodes.drop("a")
    nodes.asked -= 10
    nodes.refresh()

    assert nodes.usable() == []


def test_who_loses_its_watcher_every_time_is_to_blame(cluster: Cluster) -> None:
    from ray import exceptions

    ends = {
        name: cluster.flights.loss(error)[1].status
        for name, error in {
            "worker": exceptions.WorkerCrashedError(),
            "memory": exceptions.OutOfMemoryError("on 10.0.0.1"),
            "node": exceptions.NodeDiedError("10.0.0.1 is gone"),
        }.items()
    }

    assert ends == {
        "worker": "crashed",
        "memory": "out-of-memory",
        "node": "interrupted",
    }
    assert cluster.flights.loss(exceptions.NodeDiedError("10.0.0.1 is gone"))[0] == (
        "its node was lost"  # no address gets into a record
    )
