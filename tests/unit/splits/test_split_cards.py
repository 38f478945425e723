"""The cards of the built-in splits, and that what they offer never changes."""

import inspect

import pytest
from toy_data import SPECS, golden_data, make

from recbench.plugins import resolve

GOLDEN = {
    "random": "ea5e562a7aa4e587",
    "random-per-user": "1fe22fc3551b4c2f",
    "leave-last-out": "2eb88fa44eaaf83a",
    "global-time": "570f89cb66d9a9ee",
    "rolling-window": "3160baf5a70b28f0",
    "k-fold": "cf8761a1637614d0",
    "surprise-k-fold": "ba66f2c1f4a897f6",
    "strong-generalisation": "87c0816ded8de4d0",
    "cold-items": "14b480a61ee2c299",
    "cold-users": "77936a5e1fb86cea",
    "fixed": "68154092d94c8ab8",
}


@pytest.mark.parametrize("name", SPECS)
def test_a_split_of_a_seed_is_the_same_on_every_machine_and_numpy(name):
    params = {"fold": "u1"} if name == "fixed" else {}

    assert make(name, golden_data(), seed=3, **params).hash()[:16] == GOLDEN[name]


@pytest.mark.parametrize("name", SPECS)
def test_the_card_names_every_parameter_with_its_default(name):
    function = resolve(SPECS[name].make)
    parameters = list(inspect.signature(function).parameters.values())

    assert [p.name for p in parameters[:2]] == ["dataset", "seed"]
    assert {p.name: p.default for p in parameters[2:]} == dict(SPECS[name].params)
