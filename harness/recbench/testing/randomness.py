"""The generators that a model may draw from: disturbing them, and watching them."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np


@dataclass(slots=True, kw_only=True)
class Draws:
    """What a model did to generators of random numbers.

    Attributes:
        before: State of each global generator at the start.
        after: Likewise at the end.
        seeds: Seeds of the generators that were made, in order.
    """

    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    seeds: list[str] = field(default_factory=list)

    def ignored_seed(self, other: "Draws") -> str:
        """Return which generator was used alike under another seed, or nothing."""
        for name, state in self.after.items():
            moved = self.before.get(name, "") not in ("", state)
            if moved and state == other.after.get(name):
                return name
        if self.seeds and self.seeds == other.seeds:
            return f"numpy.random with seed {self.seeds[0]}"
        return ""


def _states() -> dict[str, str]:
    """Return the states of the global generators, as text."""
    states = {
        "random": str(random.getstate()),
        "numpy.random": str(np.random.get_state()),  # noqa: NPY002 - the global generator is what is watched
    }
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy().tobytes().hex()
    return states


@contextlib.contextmanager
def watched_randomness() -> Iterator[Draws]:
    """Note which generators are drawn from, and with which seeds new ones are made."""
    draws = Draws()

    def noting(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passes them on
            given = [*args, *kwargs.values()]
            if given and isinstance(given[0], int | np.integer):
                draws.seeds.append(str(given[0]))
            return make(*args, **kwargs)

        return made

    with (
        disturbed_randomness(11),
        mock.patch.object(np.random, "default_rng", noting(np.random.default_rng)),
    ):
        draws.before = _states()
        yield draws
        draws.after = _states()


@contextlib.contextmanager
def disturbed_randomness(seed: int) -> Iterator[None]:
    """Put the global random generators into another state; give back the old one."""
    torch = sys.modules.get("torch")
    python = random.getstate()
    numpy_ = np.random.get_state()  # noqa: NPY002 - the global one is disturbed
    state = torch.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - as above
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_)  # noqa: NPY002 - as above
        if torch and state is not None:
            torch.set_rng_state(state)
