"""Blocks of users in several threads: order, errors, memory, and who is asked where."""

import threading
import tracemalloc

import numpy as np
import pytest

from recbench.errors import ContractError
from recbench.evaluation.blocks import in_blocks, parts_of
from recbench.evaluation.rules import RankingRules
from recbench.evaluation.scoring import rank

MIB = 2**20


class Vectors:
    """A dot-product model that notes the threads in which it is asked."""

    def __init__(self, n_users: int, n_items: int, d: int = 8) -> None:
        rng = np.random.default_rng(0)
        self.users = rng.normal(size=(n_users, d)).astype(np.float32)
        self.items = rng.normal(size=(n_items, d)).astype(np.float32)
        self.asked_in = set()

    def user_vectors(self, users):
        self.asked_in.add(threading.get_ident())
        return self.users[users]

    def item_vectors(self):
        return self.items


class Rows(Vectors):
    """The same model, scoring whole rows."""

    user_vectors = None

    def score(self, users):
        self.asked_in.add(threading.get_ident())
        return self.users[users] @ self.items.T


def rules(n_items: int, *, threads: int, block_bytes: int, k: int = 10) -> RankingRules:
    return RankingRules(
        candidates=np.ones(n_items, dtype=bool),
        seen=None,
        keys=np.arange(n_items, dtype=np.uint64),
        k=k,
        threads=threads,
        block_bytes=block_bytes,
    )


def test_parts_cover_all_rows_once_and_no_rows_make_no_part():
    assert [(p.start, p.stop) for p in parts_of(7, 3)] == [(0, 3), (3, 6), (6, 7)]
    assert list(parts_of(0, 3)) == []


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_part_is_worked_on_once_and_prepared_by_the_caller(threads):
    here, done, prepared = threading.get_ident(), [], []

    def prepare(part):
        assert threading.get_ident() == here
        prepared.append(part.start)
        return part.start

    in_blocks(
        parts_of(50, 4), prepare, lambda p, start: done.append((p, start)), threads
    )

    assert prepared == list(range(0, 50, 4))
    assert sorted(start for _, start in done) == prepared
    assert all(part.start == start for part, start in done)


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_block_raises_reaches_the_caller(threads):
    def work(part, _):
        if part.start == 8:
            msg = "the block at 8 is broken"
            raise ContractError(msg)

    with pytest.raises(ContractError, match="the block at 8 is broken"):
        in_blocks(parts_of(50, 4), lambda part: None, work, threads)


def test_no_more_blocks_work_at_once_than_threads_are_granted():
    lock, now, most = threading.Lock(), [0], [0]
    meeting = threading.Barrier(2, timeout=10)

    def work(part, _):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meeting.wait()  # two do work at once
        with lock:
            now[0] -= 1

    in_blocks(parts_of(20, 1), lambda part: None, work, threads=2)

    assert most[0] == 2


@pytest.mark.parametrize("kind", [Vectors, Rows])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_model_is_asked_in_the_callers_thread_alone(kind, threads):
    model = kind(300, 40)
    rank(model, np.arange(300, dtype=np.int32), rules(
        40, threads=threads, block_bytes=4 * 40 * 10
    ))  # fmt: skip

    assert model.asked_in == {threading.get_ident()}


@pytest.mark.parametrize("kind", [Vectors, Rows])
@pytest.mark.parametrize("threads", [1, 2])
def test_memory_follows_the_block_setting_and_not_the_users(kind, threads):
    """A users x items matrix would take 61 MiB; blocks of 1 MiB stay below 6."""
    n_users, n_items = 8_000, 2_000
    model, users = kind(n_users, n_items), np.arange(n_users, dtype=np.int32)
    chosen = rules(n_items, threads=threads, block_bytes=MIB)
    rank(model, users[:10], chosen)  # whatever is imported late
    tracemalloc.start()
    try:
        lists, values = rank(model, users, chosen)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak - lists.nbytes - values.nbytes < 6 * MIB
