"""The record of one attempt at a cell, as it stands in its JSON file."""

from typing import Any, Literal

import msgspec

SCHEMA = 1

Status = Literal[
    "ok",
    "failed",
    "timeout",
    "out-of-memory",
    "crashed",
    "invalid",
    "skipped",
    "interrupted",
]
STATUSES: tuple[Status, ...] = Status.__args__  # type: ignore[attr-defined]  # of a Literal


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The figure of one metric.

    Attributes:
        value: The figure; None where it is undefined.
        version: Version of the metric's definition.
        finish: ``mean`` or ``sqrt`` of the weighted mean over users, or ``system``
            where all lists are described together.
        higher_is_better: Direction; None where neither end is better.
    """

    value: float | None
    version: int = 1
    finish: str = "mean"
    higher_is_better: bool | None = True


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a cell.

    Attributes:
        schema: Number of the file format.
        key: Cell key, 64 hex digits: what had to agree for two records to be
            attempts at the same cell.
        suite: Name of the suite.
        task: ``rating``, ``top-n`` or ``next-item``.
        dataset: ``name``, ``fingerprint``, ``source``, ``n_interactions``,
            ``n_users``, ``n_items``.
        protocol: The suite's protocol, as plain data.
        protocol_hash: SHA-256 of the protocol.
        split: ``seed``, ``hash``, ``train``, ``validation``, ``test`` (sizes),
            ``leakage`` (counts and shares), ``users`` (test users scored).
        model: Name of the model.
        params: Its canonical parameters, defaults included.
        label: How people see it: ``ncf[epochs=3]`` with what differs from default.
        plugin: ``name``, ``version``, ``hash`` (of its source), ``source``.
        seed: Seed of the model.
        budget: Tuning budget, empty where nothing was tuned.
        status: How the attempt ended.
        phase: Where: ``prepare``, ``load``, ``fit``, ``score``, ``check``, ``done``.
        message: One line for people; empty where all went well.
        traceback: Last lines of the traceback.
        log: Last lines of what the model printed and logged.
        metrics: Metric name with cut-off to its figure.
        seconds: ``fit``, ``score`` and ``total``, in seconds of wall clock; and
            ``latency``, the median of some users (or pairs) asked for one at a time.
        peak_mib: Peak resident memory of the model's own process, MiB.
        base_mib: Resident memory before the model was loaded, MiB.
        size_mib: Size of what ``save`` writes, MiB; None where the model has none.
        n_parameters: Learned numbers, where the model says.
        device: Device it was fitted on.
        threads: Threads it was given.
        machine: What the machine is: ``id``, ``cpu``, ``cores``, ``memory_gib``,
            ``gpus``, ``system``.
        versions: Versions of recbench, Python and the libraries that matter.
        provenance: Hash over plugin source and versions; decides what is stale.
        started: When the attempt began, UTC, ISO 8601; for people only.
        curves: Name to a list of ``[epoch, value]``, such as ``loss``.
        spread: For the task ``rating``: each true rating (as text) to the counts of
            its predictions in 50 equal bins over the scale.
        blobs: Name (``per-user``, ``lists``, ``predictions``) to file name.
        warnings: What is odd but does not change the status.
        command: What reproduces the row.
    """

    schema: int = SCHEMA
    key: str
    suite: str
    task: str
    dataset: dict[str, Any]
    protocol: dict[str, Any]
    protocol_hash: str
    split: dict[str, Any]
    model: str
    params: dict[str, Any]
    label: str
    plugin: dict[str, Any]
    seed: int
    budget: dict[str, Any] = msgspec.field(default_factory=dict)
    status: Status
    phase: str = "done"
    message: str = ""
    traceback: str = ""
    log: str = ""
    metrics: dict[str, Figure] = msgspec.field(default_factory=dict)
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    peak_mib: float | None = None
    base_mib: float | None = None
    size_mib: float | None = None
    n_parameters: int | None = None
    device: str = "cpu"
    threads: int = 1
    machine: dict[str, Any] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    provenance: str = ""
    started: str = ""
    curves: dict[str, list[tuple[float, float]]] = msgspec.field(default_factory=dict)
    spread: dict[str, list[int]] = msgspec.field(default_factory=dict)
    blobs: dict[str, str] = msgspec.field(default_factory=dict)
    warnings: list[str] = msgspec.field(default_factory=list)
    command: str = ""
