"""What a model's process is given: everything but the test labels.

The parent writes a view once per suite and seed; each child maps it copy-on-write.
What a model will be asked (the pairs of a test set, the users to rank for) is taken
out again before a child sees the folder, and handed over when the model is fitted.
"""

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation.rules import BLOCK_BYTES, RankingRules
from recbench.features import Categories, Column, Features, Numbers, Text
from recbench.interactions import Interactions
from recbench.protocols import Queries

COLUMNS = ("users", "items", "ratings", "timestamps")
QUESTIONS = {"ask_users": np.int32, "ask_items": np.int32, "ask_times": np.int64}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """The data of one suite and seed as a model may see it.

    Attributes:
        task: ``rating``, ``top-n`` or ``next-item``.
        train: Training interactions.
        validation: Validation interactions; empty where the split has none.
        history: What is known of held-out users; empty otherwise.
        relevance: Smallest relevant rating, or None.
        seen: The suite's seen-item policy.
        candidates: bool, shape ``(n_items,)``.
        keys: Tie keys, uint64, shape ``(n_items,)``.
        k: Length of the lists.
        ask_users: int32: users to rank for, or the users of the pairs to predict.
        ask_items: int32: items of the pairs to predict; empty when ranking.
        ask_times: int64: the moment of each question of ``next-item``; empty
            otherwise, and where there are no timestamps.
        validation_known: Whether the histories handed over at the end hold
            validation events, which for ``next-item`` are the latest before the test.
        threads: Threads that rank, as the plan granted them to the cell.
        block_bytes: Bytes of scores that they hold at once.
    """

    task: str
    train: Interactions
    validation: Interactions
    history: Interactions
    relevance: float | None
    seen: str
    candidates: NDArray[np.bool_]
    keys: NDArray[np.uint64]
    k: int
    ask_users: NDArray[np.int32]
    ask_items: NDArray[np.int32]
    ask_times: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )
    validation_known: bool = False
    threads: int = 1
    block_bytes: int = BLOCK_BYTES

    def rules(self, *, final: bool) -> RankingRules:
        """Return what may be listed: at the end, or (not final) on validation."""
        parts = [self.train, self.history]
        if final and self.seen == "remove":
            parts.append(self.validation)
        seen = None if self.seen == "keep" else join(parts, ("users", "items"))
        return RankingRules(
            candidates=self.candidates,
            seen=seen,
            keys=self.keys,
            k=self.k,
            threads=self.threads,
            block_bytes=self.block_bytes,
        )

    def asked(self) -> Queries:
        """Return the questions at the end: users, histories and moments."""
        return self.queries(self.ask_users, self.ask_times, final=True)

    def queries(
        self, users: NDArray[np.int32], times: NDArray[np.int64], *, final: bool
    ) -> Queries:
        """Return the histories of users: what training or their history holds.

        Args:
            users: User codes.
            times: The moment of each query, or an empty array.
            final: Whether validation events belong to it where the suite knows them.
        """
        late = [self.validation] if final and self.validation_known else []
        known = join([self.train, self.history, *late])
        groups = known.by_user()
        starts = groups.offsets[users]
        counts = groups.offsets[users.astype(np.int64) + 1] - starts
        offsets = np.zeros(len(users) + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        past = known.take(groups.rows[np.repeat(starts, counts) + within])
        trained = np.bincount(self.train.users, minlength=self.train.n_users) > 0
        features = self.train.user_features
        return Queries(
            users=np.where(trained[users], users, -1).astype(np.int32),
            offsets=offsets,
            items=past.items,
            ratings=past.ratings,
            timestamps=past.timestamps,
            times=times if len(times) else None,
            user_features=None if features is None else features.take(users),
        )


def join(parts: list[Interactions], columns: tuple[str, ...] = COLUMNS) -> Interactions:
    """Return the interactions of several tables of one code space, in order.

    Args:
        parts: The tables.
        columns: What is wanted of them; others are None where there is more than one
            table with rows.
    """
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]

    def column(name: str) -> Any:  # noqa: ANN401 - columns differ in dtype
        found = [getattr(part, name) for part in filled if name in columns]
        missing = not found or any(c is None for c in found)
        return None if missing else np.concatenate(found)

    return dataclasses.replace(filled[0], **{name: column(name) for name in COLUMNS})


def write(view: View, folder: Path) -> None:
    """Write a view as ``.npy`` files and one ``view.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train", "validation", "history"):
        table: Interactions = getattr(view, name)
        for column in COLUMNS:
            values = getattr(table, column)
            if values is not None:
                np.save(folder / f"{name}-{column}.npy", values)
    for name in ("candidates", "keys", *QUESTIONS):
        np.save(folder / f"{name}.npy", getattr(view, name))
    train = view.train
    facts = {
        "task": view.task,
        "relevance": view.relevance,
        "seen": view.seen,
        "validation_known": view.validation_known,
        "k": view.k,
        "n_users": train.n_users,
        "n_items": train.n_items,
        "scale": train.scale,
        "threshold": train.threshold,
        "user_features": _write_features(train.user_features, folder, "user"),
        "item_features": _write_features(train.item_features, folder, "item"),
    }
    (folder / "view.json").write_text(json.dumps(facts), encoding="utf-8")


def take_questions(folder: Path) -> bytes:
    """Remove the questions from a view and return them as one archive."""
    out = io.BytesIO()
    np.savez(out, **{n: np.load(folder / f"{n}.npy") for n in QUESTIONS})
    for name in QUESTIONS:
        (folder / f"{name}.npy").unlink()
    return out.getvalue()


def answerable(view: View, questions: Path) -> View:
    """Return the view with the questions of an archive, which is removed."""
    with np.load(questions, allow_pickle=False) as archive:
        asked = {name: archive[name] for name in QUESTIONS}
    questions.unlink()
    return dataclasses.replace(view, **asked)


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 over all files of a view, 64 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name}\0{found}\0".encode())
    return digest.hexdigest()


def read(folder: Path) -> View:
    """Read a view; its arrays are private, copy-on-write copies.

    Questions that were taken out are empty.
    """
    facts = json.loads((folder / "view.json").read_text(encoding="utf-8"))
    scale = facts["scale"]
    shared: dict[str, Any] = {
        "n_users": facts["n_users"],
        "n_items": facts["n_items"],
        "scale": None if scale is None else (scale[0], scale[1]),
        "threshold": facts["threshold"],
        "user_features": _read_features(facts["user_features"], folder, "user"),
        "item_features": _read_features(facts["item_features"], folder, "item"),
    }

    def table(name: str) -> Interactions:
        columns: dict[str, Any] = {
            column: _map(folder / f"{name}-{column}.npy")
            for column in COLUMNS
            if (folder / f"{name}-{column}.npy").exists()
        }
        return Interactions(**columns, **shared)

    questions: dict[str, Any] = {
        name: _question(folder / f"{name}.npy", kind)
        for name, kind in QUESTIONS.items()
    }
    return View(
        task=facts["task"],
        train=table("train"),
        validation=table("validation"),
        history=table("history"),
        relevance=facts["relevance"],
        seen=facts["seen"],
        validation_known=facts["validation_known"],
        k=facts["k"],
        candidates=_map(folder / "candidates.npy"),
        keys=_map(folder / "keys.npy"),
        **questions,
    )


def _question(path: Path, kind: type) -> NDArray[Any]:
    """Map a question, empty where it was taken out."""
    return _map(path) if path.exists() else np.zeros(0, dtype=kind)


def _map(path: Path) -> NDArray[Any]:
    """Map a file copy-on-write; an empty array cannot be mapped."""
    try:
        mapped = np.load(path, mmap_mode="c", allow_pickle=False)
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))
    return np.asarray(mapped)  # a plain array over the same pages


def _write_features(
    features: Features | None, folder: Path, whose: str
) -> list[list[str]] | None:
    """Write feature columns; return their names and kinds."""
    if features is None:
        return None
    kinds = []
    for number, (name, column) in enumerate(features.columns.items()):
        stem = f"{whose}-feature-{number}"
        if isinstance(column, Categories):
            np.save(folder / f"{stem}-offsets.npy", column.offsets)
            np.save(folder / f"{stem}-codes.npy", column.codes)
            np.save(folder / f"{stem}-names.npy", column.names)
        else:
            np.save(folder / f"{stem}-values.npy", column.values)
        kinds.append([name, type(column).__name__])
    return kinds


def _read_features(
    kinds: list[list[str]] | None, folder: Path, whose: str
) -> Features | None:
    """Read what ``_write_features`` wrote."""
    if kinds is None:
        return None
    columns: dict[str, Column] = {}
    for number, (name, kind) in enumerate(kinds):
        stem = f"{whose}-feature-{number}"
        if kind == "Categories":
            parts: Mapping[str, Any] = {
                part: _map(folder / f"{stem}-{part}.npy")
                for part in ("offsets", "codes", "names")
            }
            columns[name] = Categories(**parts)
        else:
            values = _map(folder / f"{stem}-values.npy")
            columns[name] = (
                Numbers(values=values) if kind == "Numbers" else Text(values=values)
            )
    return Features(columns=columns)
