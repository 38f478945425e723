"""Records to store, and a file system that fails at the n-th call."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from recbench.results.record import Figure, Record
from recbench.results.store import Store

SUITE = "toy/top-n"


class Crash(BaseException):
    """The process ends here: nothing after it runs, no cleaning up either."""


def record(number: int, *, status: str = "ok", started: int = 0) -> Record:
    """Return one attempt at cell ``number``."""
    key = hashlib.sha256(str(number).encode()).hexdigest()
    return Record(
        key=key,
        suite=SUITE,
        task="top-n",
        dataset={"name": "toy", "fingerprint": "f"},
        protocol={"selection": "ndcg@10"},
        protocol_hash="p",
        split={"seed": 0},
        model="ease",
        params={"number": number},
        label=f"ease[number={number}]",
        plugin={"name": "x"},
        seed=0,
        status=status,  # type: ignore[arg-type]
        metrics={"ndcg@10": Figure(value=0.5)} if status == "ok" else {},
        started=f"2026-01-01T00:00:{started:06d}",
    )


def blobs(number: int) -> dict[str, dict[str, Any]]:
    """Return the arrays of an attempt."""
    lists = np.full((3, 5), number, dtype=np.int32)
    return {"lists": {"users": np.arange(3, dtype=np.int32), "lists": lists}}


class Failing:
    """Counts the calls that a store makes to the system, and fails at one of them."""

    def __init__(self, at: int | None, error: BaseException) -> None:
        self.at, self.error, self.count = at, error, 0
        self.dead = False

    def step(self) -> None:
        """Count one call; raise at the one to fail, and at all after a crash."""
        self.count += 1
        if self.dead or self.count == self.at:
            self.dead = isinstance(self.error, Crash)
            raise self.error


class Half:
    """A file whose failing write leaves half of the bytes behind."""

    def __init__(self, file: Any, state: Failing) -> None:
        self.file, self.state = file, state

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> int:
        """Write all, or half and raise."""
        try:
            self.state.step()
        except BaseException:
            os.write(self.file.fileno(), data[: len(data) // 2])
            raise
        return self.file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextlib.contextmanager
def failing(at: int | None, error: BaseException) -> Iterator[Failing]:
    """Make the n-th call to the system fail, in everything that writes."""
    state = Failing(at, error)
    real_open = Path.open

    def counted(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            state.step()
            return function(*args, **kwargs)

        return call

    def opened(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if "x" not in mode:
            return real_open(self, mode, *args, **kwargs)
        state.step()
        return Half(real_open(self, mode, *args, **kwargs), state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        for name in ("replace", "unlink", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        patch.setattr(os, "fsync", counted(os.fsync))
        yield state


def whole(store: Store) -> dict[str, Record]:
    """Return the records that count, after checking that nothing stored is torn."""
    assert store.damaged(SUITE) == []
    found = {r.key: r for r in store.records(SUITE)}
    for held in store.attempts(SUITE):
        for name in held.blobs:
            store.arrays(held, name)
    return found
