"""Proposals: a pure function of what was tried, inside the declared space."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench import ModelSpec, param
from recbench.errors import PluginError
from recbench.tuning.propose import Tried, propose
from recbench.tuning.space import Dimension, place, points, size, space


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    rate: float = param(0.01, low=0, tune=(1e-4, 0.3), log=True)
    dim: int = param(64, low=1, tune=(8, 128))
    kind: str = param("a", choices=("a", "b", "c"), tune=("a", "b"))
    flag: bool = param(default=True, tune=(False, True))
    hidden: tuple[int, ...] = param((64, 32), tune=((64, 32), (32,)))
    depth: int | None = param(None, tune=(1, 4))
    steps: int = param(3, tune=(1, 3, 9))
    still: float = param(1.0, low=0)
    plain: int = 3


SPEC = ModelSpec(name="toy", factory=dict, tasks=("rating",), params=Params)
FULL = space(SPEC)


def test_the_space_is_what_the_parameters_declare():
    kinds = {d.name: (d.kind, d.low, d.high, d.log, d.values) for d in FULL}

    assert kinds == {
        "rate": ("float", 1e-4, 0.3, True, ()),
        "dim": ("int", 8.0, 128.0, False, ()),
        "kind": ("choice", 0.0, 0.0, False, ("a", "b")),
        "flag": ("choice", 0.0, 0.0, False, (False, True)),
        "hidden": ("choice", 0.0, 0.0, False, ((64, 32), (32,))),
        "depth": ("int", 1.0, 4.0, False, ()),
        "steps": ("choice", 0.0, 0.0, False, (1, 3, 9)),
    }


def test_a_model_without_parameters_and_a_fixed_one_have_no_dimension():
    assert space(ModelSpec(name="bare", factory=dict, tasks=("rating",))) == ()
    assert "rate" not in {d.name for d in space(SPEC, {"rate"})}


@pytest.mark.parametrize(
    ("bounds", "log"), [((0.0, 1.0), True), ((2.0, 1.0), False)], ids=["log", "order"]
)
def test_bounds_that_cannot_be_searched_are_the_plugins_mistake(bounds, log):
    @dataclass(frozen=True, kw_only=True)
    class Wrong:
        rate: float = param(0.5, tune=bounds, log=log)

    with pytest.raises(PluginError, match="'rate' cannot be searched"):
        space(ModelSpec(name="toy", factory=dict, tasks=("rating",), params=Wrong))


def inside(values):
    return (
        1e-4 <= values["rate"] <= 0.3
        and values["rate"] == float(f"{values['rate']:.3g}")
        and isinstance(values["dim"], int)
        and 8 <= values["dim"] <= 128
        and values["kind"] in ("a", "b")
        and values["flag"] in (False, True)
        and values["hidden"] in ((64, 32), (32,))
        and values["depth"] in (1, 2, 3, 4)
        and values["steps"] in (1, 3, 9)
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31), maximize=st.booleans())
def test_a_proposal_is_inside_the_space_new_and_always_the_same(seed, maximize):
    past: list[Tried] = [Tried(params=vars_of(Params()), value=0.5)]
    for n in range(8):
        one, two = (propose(FULL, past, maximize=maximize, seed=seed) for _ in range(2))
        assert one == two
        assert one is not None
        assert inside(one)
        assert one not in [t.params for t in past]
        past.append(Tried(params=one, value=None if n == 3 else n / 10))


def vars_of(params):
    return {name: getattr(params, name) for name in type(params).__dataclass_fields__}


def test_the_sampler_learns_which_end_is_better():
    line = (Dimension(name="x", kind="float", low=0.0, high=1.0),)

    def search(*, maximize):
        past: list[Tried] = []
        for _ in range(40):
            found = propose(line, past, maximize=maximize, seed=1)
            past.append(Tried(params=found, value=found["x"]))
        return sum(t.params["x"] for t in past[-15:]) / 15

    assert search(maximize=True) > 0.8
    assert search(maximize=False) < 0.2


def test_failed_trials_are_avoided():
    line = (Dimension(name="x", kind="float", low=0.0, high=1.0),)
    past = [
        Tried(params={"x": n / 30}, value=None if n < 15 else 1.0) for n in range(30)
    ]
    drawn = [propose(line, past, maximize=True, seed=s)["x"] for s in range(20)]

    assert sum(x > 0.5 for x in drawn) >= 15


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_finite_space_is_tried_once_each_to_its_end(sampler):
    grid = (
        Dimension(name="a", kind="int", low=1, high=3),
        Dimension(name="b", kind="choice", values=("x", "y")),
    )
    past: list[Tried] = []
    while True:
        found = propose(grid, past, maximize=True, sampler=sampler)
        if found is None:
            break
        past.append(Tried(params=found, value=float(found["a"])))

    tried = sorted((t.params["a"], t.params["b"]) for t in past)
    assert tried == [(a, b) for a in (1, 2, 3) for b in "xy"]
    assert size(grid) == len(list(points(grid))) == 6
    assert size(FULL) == math.inf


def test_parameters_read_from_json_have_lists_for_tuples():
    values = {**vars_of(Params()), "hidden": [32], "depth": 2}

    assert place(FULL, values)["hidden"] == 1


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("rate", 0.9, 0.3, id="a number moves to the nearest bound"),
        pytest.param("kind", "c", None, id="a value that is not tried has no place"),
        pytest.param("depth", None, None, id="nor has None"),
    ],
)
def test_where_parameters_lie(name, value, expected):
    found = place(FULL, {**vars_of(Params()), "depth": 2, name: value})

    assert (found if expected is None else found[name]) == expected


def test_proposals_of_neighbouring_trials_and_seeds_differ():
    line = (Dimension(name="x", kind="float", low=0.0, high=1.0),)
    drawn = {propose(line, [], maximize=True, seed=s)["x"] for s in range(50)}

    assert len(drawn) > 40
