"""What a run of benchmarks leaves behind, and files of it."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recbench.errors import DataError
from recbench.results import atomic

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One thing timed.

    Attributes:
        name: Such as ``fit:ease:top-n``; the part before the colon is its group.
        seconds: Of the processor, every round.
        clock: Seconds on the clock, likewise.
        reference: Seconds of the reference calculation beside each round.
    """

    name: str
    seconds: tuple[float, ...]
    clock: tuple[float, ...]
    reference: tuple[float, ...]

    @property
    def group(self) -> str:
        """Return what kind of thing it is."""
        return self.name.partition(":")[0]

    @property
    def ratio(self) -> float:
        """Return the fastest round over the fastest reference of the same rounds."""
        return min(self.seconds) / min(self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """A run of benchmarks.

    Attributes:
        machine: What :func:`recbench.hardware.machine` says.
        versions: What :func:`recbench.hardware.versions` says.
        threads: Threads of everything timed.
        dataset: The data set of the models.
        reference_version: Which reference calculation it was.
        timings: In the order of the run.
    """

    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    threads: int
    dataset: str
    reference_version: int
    timings: tuple[Timing, ...]


def write(path: Path, timings: Timings) -> None:
    """Write a run as JSON."""
    body = {"schema": SCHEMA, "kind": "recbench-bench", **dataclasses.asdict(timings)}
    text = json.dumps(body, indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, text.encode())


def read(path: Path) -> Timings:
    """Read a run: a file of ``recbench bench``, or of pytest-benchmark.

    Raises:
        DataError: If it is neither, or was written without a reference time.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body.get("kind") == "recbench-bench":
            return _ours(body)
        if "benchmarks" in body and "machine_info" in body:
            return _of_pytest(body)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise DataError(msg) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} does not hold benchmarks: {type(error).__name__}: {error}"
        raise DataError(msg) from error
    msg = f"{path} does not hold benchmarks: make one with recbench bench"
    raise DataError(msg)


def _ours(body: Mapping[str, Any]) -> Timings:
    if body["schema"] != SCHEMA:
        msg = f"schema {body['schema']} is not {SCHEMA}"
        raise ValueError(msg)
    timings = tuple(
        Timing(
            name=entry["name"],
            seconds=tuple(map(float, entry["seconds"])),
            clock=tuple(map(float, entry["clock"])),
            reference=tuple(map(float, entry["reference"])),
        )
        for entry in body["timings"]
    )
    names = [field.name for field in dataclasses.fields(Timings)]
    return Timings(**{n: body[n] for n in names if n != "timings"}, timings=timings)


def _of_pytest(body: Mapping[str, Any]) -> Timings:
    """Read what pytest-benchmark wrote with recbench's plugin."""
    facts = body["recbench"]
    return Timings(
        machine=body["machine_info"]["recbench"],
        versions=facts["versions"],
        threads=facts["threads"],
        dataset=facts["dataset"],
        reference_version=facts["reference_version"],
        timings=tuple(
            Timing(
                name=f"{entry['group'] or 'test'}:{entry['name']}",
                seconds=(float(entry["stats"]["min"]),),
                clock=(float(entry["stats"]["min"]),),
                reference=(float(facts["reference_seconds"]),),
            )
            for entry in body["benchmarks"]
        ),
    )
