"""The next parameters to try: a pure function of what was tried before and a seed.

Every proposal is drawn by a sampler made for it, so nothing depends on how often a
search was stopped and resumed, nor on the other searches beside it.
"""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from recbench.errors import UsageError
from recbench.results import canonical
from recbench.tuning.space import Space, place, points, size

if TYPE_CHECKING:
    import optuna

Sampler = Literal["tpe", "random"]

STARTUP = 5  # trials before the sampler learns from them, the defaults among them
ATTEMPTS = 16  # draws before a point that was tried already is given up
GRID = 10_000  # points of a space that is searched for what is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Parameters that were tried, and their validation figure; None where it failed."""

    params: Mapping[str, Any]
    value: float | None


def require_optuna() -> None:
    """Make sure that Optuna is there, before anything is run.

    Raises:
        UsageError: If its extra is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        msg = "tuning needs its extra: pip install 'recbench-harness[tune]'"
        raise UsageError(msg)


def propose(
    space: Space,
    past: Sequence[Tried],
    *,
    maximize: bool,
    sampler: Sampler = "tpe",
    seed: int = 0,
) -> dict[str, Any] | None:
    """Return values for the dimensions of a space that were not tried yet.

    Args:
        space: What is searched; not empty.
        past: What was tried, in order.
        maximize: Whether a larger figure is better.
        sampler: ``tpe`` (tree-structured Parzen estimators; Bergstra et al., 2011) or
            ``random``.
        seed: Seed of the search.

    Returns:
        One value for each dimension; None where the whole space was tried.
    """
    done = {_mark({d.name: t.params[d.name] for d in space}) for t in past}
    for attempt in range(ATTEMPTS):
        late = attempt >= ATTEMPTS // 2
        drawn = _draw(
            space,
            past,
            maximize=maximize,
            sampler="random" if late else sampler,
            seed=_seed(seed, len(past), attempt),
        )
        if _mark(drawn) not in done:
            return drawn
    if size(space) > GRID:
        return None
    left = [point for point in points(space) if _mark(point) not in done]
    return left[_seed(seed, len(past), ATTEMPTS) % len(left)] if left else None


def _mark(values: Mapping[str, Any]) -> str:
    return canonical.digest(values)


def _seed(*numbers: int) -> int:
    """Return a seed of 32 bits that no other numbers share, but by chance."""
    text = " ".join(map(str, numbers)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big")


def _draw(
    space: Space,
    past: Sequence[Tried],
    *,
    maximize: bool,
    sampler: Sampler,
    seed: int,
) -> dict[str, Any]:
    """Ask a fresh sampler that knows the past."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its experimental parts
        made: optuna.samplers.BaseSampler = (
            optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
            if sampler == "tpe"
            else optuna.samplers.RandomSampler(seed=seed)
        )
        study = optuna.create_study(
            sampler=made, direction="maximize" if maximize else "minimize"
        )
        axes = _axes(space)
        for tried in past:
            known = place(space, tried.params)
            if known is not None:
                study.add_trial(_told(known, tried.value, axes))
        drawn = study.ask(axes).params
    return {
        d.name: d.values[drawn[d.name]]
        if d.kind == "choice"
        else d.rounded(drawn[d.name])
        if d.kind == "float"
        else drawn[d.name]
        for d in space
    }


def _axes(space: Space) -> dict[str, "optuna.distributions.BaseDistribution"]:
    """Return the dimensions as Optuna's distributions; choices by their index."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    axes: dict[str, optuna.distributions.BaseDistribution] = {}
    for d in space:
        if d.kind == "choice":
            axes[d.name] = CategoricalDistribution(tuple(range(len(d.values))))
        elif d.kind == "int":
            axes[d.name] = IntDistribution(int(d.low), int(d.high), log=d.log)
        else:
            axes[d.name] = FloatDistribution(d.low, d.high, log=d.log)
    return axes


def _told(
    params: dict[str, Any],
    value: float | None,
    axes: dict[str, "optuna.distributions.BaseDistribution"],
) -> "optuna.trial.FrozenTrial":
    """Return a finished trial; one without a value counts as the worst."""
    from optuna.trial import TrialState, create_trial

    state = TrialState.PRUNED if value is None else TrialState.COMPLETE
    return create_trial(state=state, value=value, params=params, distributions=axes)
