"""One call that makes a training run repeatable."""

import os

import torch

from recbench.protocols import FitContext


def seed_everything(context: FitContext) -> torch.device:
    """Seed torch, fix its threads, turn deterministic algorithms on.

    The same seed, threads and kind of device give the same weights bit for bit on
    one machine. NumPy has no global seed here: draw from ``context.rng``.

    Args:
        context: What the harness lent the model.

    Returns:
        The device to train on.
    """
    device = torch.device(context.device)
    torch.manual_seed(context.seed)  # every device, not the CPU alone
    torch.set_num_threads(context.threads)
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # On a CPU everything has a deterministic form. Elsewhere some operations lack
    # one, and a warning in the log serves better than a model that cannot run.
    # `torch.use_deterministic_algorithms` does the same, and imports torch's compiler,
    # which takes two seconds; should a model want that, the variable tells it.
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "warn")
    os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"
    # With it torch fills all memory it hands out, a tenth of a small network's epoch.
    # That helps none but code that reads what it never wrote.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch tells mypy nothing of it
    return device
