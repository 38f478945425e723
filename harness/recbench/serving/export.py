"""Export a model: fit it as a suite says, and write its vectors with a manifest."""

import itertools
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from recbench import hardware
from recbench.errors import ContractError, RecbenchError, UsageError
from recbench.results.record import Record
from recbench.serving import artefact as artefacts
from recbench.serving import formats
from recbench.serving.artefact import Artefact
from recbench.serving.fitting import Fits, Fitted, Order, fit_vectors


def export(
    model: str,
    suite: str = "",
    *,
    form: str = "faiss",
    path: str | Path | None = None,
    **order: Any,  # noqa: ANN401 - the fields of Order
) -> tuple[Path, Artefact]:
    """Fit a model on the training part of a suite and write its vectors.

    Args:
        model: A model with parameters, such as ``"ials[embedding_dim=32]"``.
        suite: Name of a suite, a data set or a task; empty for ``top-n``.
        form: ``faiss``, ``safetensors`` or ``parquet``.
        path: The folder, new or empty; None for ``MODEL-DATASET-FORMAT``, with a
            number behind it where that exists.
        order: ``dataset``, ``seed``, ``device``, ``timeout``, ``plugins``, ``log`` and
            ``listener``, as in :class:`recbench.serving.fitting.Order`.

    Returns:
        The folder, and what was written into it.

    Raises:
        UsageError: If the model has no vectors.
        RecbenchError: If it could not be fitted or written.
    """
    formats.load(form)  # before minutes of fitting
    wanted = Order(models=(model,), suite=suite, **order)
    if path is not None:
        artefacts.require_free(Path(path))
    fits = fit_vectors(wanted)
    [record] = fits.records
    if record.label not in fits.fitted:
        raise _refusal(record)
    folder = Path(path or _free(f"{record.model}-{fits.suite.dataset}-{form}"))
    command = _command(wanted, record, form)
    made = of_fitted(fits, fits.fitted[record.label], command=command)
    return folder, artefacts.write(made, form, folder)


def of_fitted(fits: Fits, fitted: Fitted, *, command: str = "") -> Artefact:
    """Return the vectors of users with training rows and of the suite's candidates."""
    view, record = fits.prepared.view, fitted.record
    items = np.flatnonzero(view.candidates)
    users = np.unique(view.train.users)
    d = fitted.item_vectors.shape[1]
    return Artefact(
        user_ids=fits.dataset.user_ids[users],
        user_vectors=fitted.user_vectors[users],
        item_ids=fits.dataset.item_ids[items],
        item_vectors=fitted.item_vectors[items],
        manifest={
            "recbench": hardware.versions().get("recbench-harness", ""),
            "metric": "inner_product",
            "dtype": "float32",
            "dimension": d,
            "n_users": len(users),
            "n_items": len(items),
            "model": record.model,
            "params": record.params,
            "seed": record.seed,
            "plugin": record.plugin,
            "dataset": {k: record.dataset[k] for k in ("name", "fingerprint")},
            "suite": record.suite,
            "task": record.task,
            "protocol": record.protocol,
            "protocol_hash": record.protocol_hash,
            "split": {k: record.split[k] for k in ("seed", "hash", "train")},
            "measured": {n: f.value for n, f in record.metrics.items()},
            "versions": record.versions,
            "command": command,
        },
    )


def _free(name: str) -> Path:
    """Return the first of ``name``, ``name-2``, ... that does not exist."""
    names = (name if n == 1 else f"{name}-{n}" for n in itertools.count(1))
    return next(path for path in map(Path, names) if not path.exists())


def _refusal(record: Record) -> RecbenchError:
    """Return the error for a model that left no vectors."""
    name = f"{record.label} on {record.suite}"
    if record.status == "skipped":
        return UsageError(f"{name} cannot be exported: {record.message}")
    error = ContractError(f"{name} ended {record.status}: {record.message}")
    error.exit_code = 1
    return error


def _command(order: Order, record: Record, form: str) -> str:
    """Return the command that makes the artefact again."""
    words = ["recbench", "export", record.label, record.suite]
    if order.dataset is not None:
        words += ["-d", order.dataset]
    words += ["--format", form, "--seed", str(order.seed)]
    for plugin in order.plugins:
        words += ["-p", plugin]
    return shlex.join(words)
