"""From how a cell ended to its record: outputs verified, metrics computed, stored."""

import dataclasses
import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recbench import hardware
from recbench.errors import ContractError
from recbench.evaluation import measure, scoring
from recbench.metrics.views import PerUser
from recbench.results.record import Figure, Record
from recbench.runner.cells import Cell, protocol_data, protocol_hash
from recbench.runner.decide import provenance
from recbench.runner.handed import open_regular
from recbench.runner.installation import installation
from recbench.runner.prepare import Prepared
from recbench.runner.supervise import Outcome
from recbench.specs import MetricSpec

SPREAD_BINS = 50
Blobs = dict[str, dict[str, NDArray[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What the outputs of a cell amount to."""

    figures: dict[str, Figure]
    blobs: Blobs
    spread: dict[str, list[int]]
    warnings: list[str]


def now() -> str:
    """Return the time for people, UTC, to the microsecond."""
    return dt.datetime.now(dt.UTC).isoformat()


def score(
    folder: Path,
    prepared: Prepared,
    names: Sequence[str],
    specs: Mapping[str, MetricSpec],
) -> Scored:
    """Verify the outputs in a folder and measure them against the test labels.

    Raises:
        ContractError: If an output is missing or breaks the contract.
    """
    view, test = prepared.view, prepared.test
    if view.task == "rating":
        predictions = _load(folder / "predictions.npy", test.users.shape, np.float32)
        if not np.isfinite(predictions).all():
            msg = "the predictions hold NaN or infinity"
            raise ContractError(msg)
        values = measure.of_predictions(predictions, test, names, specs)
        blobs: Blobs = {"predictions": {"predictions": predictions}}
        spread = _spread(predictions, test.ratings, test.scale)
    else:
        users = view.ask_users
        lists = _load(folder / "lists.npy", (len(users), view.k), np.int32)
        rules = view.rules(final=True)
        scoring.verify_lists(lists, users, rules)
        values = measure.of_lists(
            lists,
            users,
            test=test,
            train=view.train,
            candidates=view.candidates,
            relevance=view.relevance,
            names=names,
            specs=specs,
            seen=rules.seen,
        )
        blobs = {"lists": {"users": users, "lists": lists}}
        spread = {}
    figures = {name: _figure(name, values[name], specs) for name in names}
    per_user = _per_user(values)
    if per_user:
        blobs["per-user"] = per_user
    return Scored(figures=figures, blobs=blobs, spread=spread, warnings=[])


def _load(path: Path, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
    """Return an output array after checking that it is what was asked for.

    The header is read first: a file may claim more than the memory holds.
    """
    try:
        with open_regular(path) as file:
            version = np.lib.format.read_magic(file)
            found, fortran, kind = _header(file, version)
            if found == shape and kind == np.dtype(dtype) and not fortran:
                count = int(np.prod(shape, dtype=np.int64))
                data = file.read(count * kind.itemsize)
                return np.frombuffer(data, dtype=kind, count=count).reshape(shape)
    except (OSError, ValueError, EOFError) as error:
        msg = f"{path.name} is missing or damaged: {error}"
        raise ContractError(msg) from error
    msg = (
        f"{path.name} has shape {found} and dtype {kind}, "
        f"expected {shape} and {np.dtype(dtype)}"
    )
    raise ContractError(msg)


def _header(
    file: IO[bytes], version: tuple[int, int]
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and dtype of a ``.npy`` file of format 1 or 2.

    Raises:
        ValueError: For another format or a damaged header.
    """
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    msg = f"it has format {version}"
    raise ValueError(msg)


def _figure(
    name: str, values: PerUser | float, specs: Mapping[str, MetricSpec]
) -> Figure:
    """Return the figure of a metric with what is needed to read it."""
    spec = specs[name.partition("@")[0]]
    value = measure.figure(values)
    return Figure(
        value=value if np.isfinite(value) else None,
        version=spec.version,
        finish=spec.finish if isinstance(values, PerUser) else "system",
        higher_is_better=spec.higher_is_better,
    )


def _per_user(values: Mapping[str, PerUser | float]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the per-user blob."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, found in values.items():
        if isinstance(found, PerUser):
            arrays["users"] = found.users
            arrays[f"value:{name}"] = found.values
            arrays[f"weight:{name}"] = found.weights
    return arrays


def _spread(
    predictions: NDArray[np.float32],
    ratings: NDArray[np.float32] | None,
    scale: tuple[float, float] | None,
) -> dict[str, list[int]]:
    """Return, per true rating, the counts of its predictions in equal bins."""
    if ratings is None or scale is None:
        return {}
    levels = np.unique(ratings)
    if len(levels) > SPREAD_BINS:
        return {}
    return {
        f"{level:g}": np.histogram(
            predictions[ratings == level], bins=SPREAD_BINS, range=scale
        )[0].tolist()
        for level in levels
    }


def record(
    cell: Cell,
    prepared: Prepared,
    outcome: Outcome,
    scored: Scored | None,
    *,
    started: str,
    command: str,
) -> Record:
    """Return the record of an attempt."""
    result = outcome.result
    seconds = {k: round(float(v), 6) for k, v in result.get("seconds", {}).items()}
    return Record(
        key=cell.key,
        suite=cell.suite.name,
        task=cell.suite.protocol.task,
        dataset=prepared.dataset,
        protocol=protocol_data(cell.suite),
        protocol_hash=protocol_hash(cell.suite),
        split=prepared.split,
        model=cell.spec.name,
        params=cell.params,
        label=cell.label,
        plugin={**dataclasses.asdict(cell.plugin), "hash": cell.plugin_hash}
        | (
            {"value": Path(cell.plugin.value).name}
            if cell.plugin.kind == "path"
            else {}
        ),
        seed=cell.seed,
        budget=dict(cell.budget),
        status=outcome.status,
        phase=outcome.phase,
        message=outcome.message,
        traceback=str(result.get("traceback", "")),
        log=outcome.log if outcome.status != "ok" else "",
        metrics=scored.figures if scored else {},
        seconds={**seconds, "total": round(outcome.seconds, 4)},
        peak_mib=result.get("peak_mib"),
        base_mib=result.get("base_mib"),
        size_mib=result.get("size_mib"),
        n_parameters=result.get("n_parameters"),
        device=cell.device,
        threads=cell.threads,
        machine=(outcome.machine or hardware.machine())
        | {"installation": installation()},
        versions=hardware.versions(),
        provenance=provenance(cell),
        started=started,
        curves=outcome.curves,
        spread=scored.spread if scored else {},
        warnings=[*outcome.warnings, *(scored.warnings if scored else [])],
        command=command,
    )


def command(cell: Cell, *, files: Sequence[str] = ()) -> str:
    """Return the command that runs a cell again."""
    suite = cell.suite.name
    quick = suite.endswith("-quick")
    words = ["recbench", "run", suite.removesuffix("-quick")]
    words += ["-m", cell.label, "--seeds", str(cell.split_seed)]
    if quick:
        words.append("--quick")
    if cell.threads != 1:
        words += ["--threads", str(cell.threads)]
    for file in files:
        words += ["-p", file]
    return shlex.join(words)
