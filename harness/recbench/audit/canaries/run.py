"""All canaries, on data that are drawn when they are needed and known to nobody."""

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from recbench import plugins
from recbench.audit.canaries import cheaters, shuffled, trials
from recbench.audit.canaries.song import Song
from recbench.audit.canaries.trials import Log
from recbench.errors import UsageError, unknown_name
from recbench.params import parse_model


def canaries(
    catalogue: plugins.Catalogue,
    *,
    models: Sequence[str] = (),
    log: Log = lambda _line: None,
    extra: Sequence[str] = (),
    entropy: int | None = None,
) -> list[Song]:
    """Run every canary and return the verdicts.

    Args:
        catalogue: What plugins offer.
        models: Models to train on shuffled labels; empty for a few quick ones.
        log: Takes lines for the person who waits.
        extra: Plugins named on the command line.
        entropy: Seed of all data; None for one that nobody can guess.

    Raises:
        UsageError: For an unknown model.
    """
    for text in models:
        name, _ = parse_model(text)
        if name not in catalogue.models:
            raise unknown_name("model", name, catalogue.models)
        if not {"top-n", "rating"} & set(catalogue.models[name].tasks):
            msg = f"model {name!r} has no task that labels are shuffled for"
            raise UsageError(msg)
    secret = secrets.randbits(63) if entropy is None else entropy
    offered = trials.with_canary(catalogue)
    with tempfile.TemporaryDirectory(prefix="recbench-audit-") as place:
        root = Path(place)
        log("canaries: cheaters look for labels in what they are handed")
        found = cheaters.cheaters(offered, root / "a", entropy=secret, log=log)
        log("canaries: models are trained on shuffled labels")
        found += shuffled.shuffles(
            offered, root / "b", entropy=secret, log=log, models=models, extra=extra
        )
    return found
