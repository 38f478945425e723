"""Measure the neural models on a GPU against the CPU of the same machine.

::

    python docs/measure_gpu.py                  # a table of ratios
    python docs/measure_gpu.py --against cpu    # the same without a GPU: ratios near 1

Every model trains for some epochs on simulated interactions, on each device from the
same seed, in float32 and, on the GPU, in mixed precision; then it ranks all items for
all users. A first, short fit warms up what is compiled or loaded on demand.
"""

import argparse
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from recbench import FitContext, Interactions, plugins
from recbench.datasets.simulator import simulate
from recbench.evaluation import scoring
from recbench.evaluation.topk import tie_keys

MODELS = (
    ("two-tower", "top-n", {"batch_size": 4096}),
    ("ncf", "top-n", {"batch_size": 4096}),
    ("autorec", "top-n", {}),
    ("mult-vae", "top-n", {"batch_size": 512}),
)
NOTHING_RAN = 4  # exit status, as of `recbench run`


def waited(device: str) -> float:
    """Return the time when all work that was handed to the device is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def fit(
    name: str, task: str, params: dict[str, Any], train: Interactions, on: str
) -> Any:  # noqa: ANN401 - a model is any object
    """Return a fitted model."""
    spec = plugins.load().models[name]
    model = plugins.make(spec, task, {"patience": 0, **params})
    model.fit(train, FitContext(task=task, device=on, threads=torch.get_num_threads()))
    return model


def seconds(
    case: tuple[str, str, dict[str, Any]], train: Interactions, on: str, epochs: int
) -> tuple[float, float]:
    """Return the seconds of an epoch and of ranking for all users."""
    name, task, params = case
    few = train.take(np.arange(min(len(train), 5000)))
    fit(name, task, {**params, "epochs": 1}, few, on)
    started = waited(on)
    model = fit(name, task, {**params, "epochs": epochs}, train, on)
    fitted = waited(on)
    rules = scoring.RankingRules(
        candidates=np.ones(train.n_items, dtype=np.bool_),
        seen=train,
        keys=tie_keys(np.arange(train.n_items), 0),
        k=20,
    )
    scoring.rank(model, np.arange(train.n_users, dtype=np.int32), rules)
    return (fitted - started) / epochs, waited(on) - fitted


def copy_rate(device: str, *, pinned: bool) -> float:
    """Return GB/s from main memory to the device."""
    block = torch.ones(2**24)
    block = block.pin_memory() if pinned else block
    block.to(device)
    started = waited(device)
    for _ in range(10):
        block.to(device, non_blocking=pinned)
    return 10 * block.nbytes / 1e9 / (waited(device) - started)


def found() -> str | None:
    """Return the GPU of this machine, or None."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def table(device: str, n: int, epochs: int) -> str:
    """Return the table, as Markdown."""
    data = simulate(max(n // 144, 50), max(int(6 * n**0.5), 60), n, seed=0)
    train = replace(data.interactions, threshold=4.0)
    name = torch.cuda.get_device_name() if device == "cuda" else device
    lines = [
        (
            f"{n:,} interactions, {train.n_users:,} users, {train.n_items:,} items; "
            f"torch {torch.__version__}, "
            f"CPU on {torch.get_num_threads()} threads, {name}"
        ),
        "",
        "| model | device | precision | epoch, s | rank, s | epoch, times faster |",
        "|:--|:--|:--|--:|--:|--:|",
    ]
    for case in MODELS:
        base = None
        for on, kind in (("cpu", "float32"), (device, "float32"), (device, "bfloat16")):
            model, task, params = case
            chosen = (model, task, {**params, "precision": kind})
            epoch, rank = seconds(chosen, train, on, epochs)
            base = base or epoch
            cells = f"{epoch:.3f} | {rank:.3f} | {base / epoch:.2f}"
            lines.append(f"| {model} | {on} | {kind} | {cells} |")
    if device == "cuda":
        rates = [copy_rate(device, pinned=pinned) for pinned in (False, True)]
        lines += ["", f"Copies: {rates[0]:.1f} GB/s; pinned {rates[1]:.1f} GB/s."]
    return "\n".join(lines)


def main() -> int:
    """Read the command line; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=float, default=1e6)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--against", help="device to measure; the GPU by default")
    chosen = parser.parse_args()
    device = chosen.against or found()
    if device is None:
        print(
            "There is no GPU here that torch can use, so there is nothing to compare; "
            "the models run on the CPU as well.\nWith a GPU: install the build of "
            "torch for it and run this again. To try the script: --against cpu"
        )
        return NOTHING_RAN
    print(table(device, int(chosen.interactions), chosen.epochs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
