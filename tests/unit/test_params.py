"""Parameters of models: text, types, ranges, presets, labels."""

from dataclasses import dataclass
from typing import Literal

import pytest

from recbench import ModelSpec, UsageError, param
from recbench.errors import PluginError
from recbench.params import complete, defaults, label, parse_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    dim: int = param(64, low=1, high=512)
    rate: float = param(0.01, low=0.0)
    kind: str = param("mlp", choices=("mlp", "gmf"))
    hidden: tuple[int, ...] = (64, 32)
    bias: bool = True
    seed: int | None = None


SPEC = ModelSpec(
    name="toy",
    factory=dict,
    tasks=("rating", "top-n"),
    params=Params,
    task_defaults={"top-n": {"dim": 16}},
    presets={"paper": {"dim": 8, "rate": 0.5}},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ncf", ("ncf", {}), id="a bare name"),
        pytest.param(
            "ncf[dim=32,rate=1e-3]", ("ncf", {"dim": 32, "rate": 1e-3}), id="numbers"
        ),
        pytest.param(
            "ncf[hidden=(64,32),kind=gmf]",
            ("ncf", {"hidden": (64, 32), "kind": "gmf"}),
            id="a tuple holds commas, a word needs no quotes",
        ),
        pytest.param(
            "ncf[bias=false,seed=none]",
            ("ncf", {"bias": False, "seed": None}),
            id="flags in any case",
        ),
        pytest.param("ncf[]", ("ncf", {}), id="empty brackets"),
    ],
)
def test_a_model_is_read_from_text(text: str, expected: object) -> None:
    assert parse_model(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ncf[dim=3", "closing ']'", id="an open bracket"),
        pytest.param("ncf[dim]", "name=value", id="no value"),
        pytest.param("ncf[dim=1,dim=2]", "given twice", id="one name twice"),
    ],
)
def test_a_model_that_cannot_be_read_is_explained(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_model(text)


def test_defaults_differ_by_task() -> None:
    assert defaults(SPEC, "rating")["dim"] == 64
    assert defaults(SPEC, "top-n")["dim"] == 16


def test_given_values_go_before_the_preset_and_the_preset_before_defaults() -> None:
    values = complete(SPEC, "top-n", {"preset": "paper", "rate": 1})

    assert values["dim"] == 8
    assert values["rate"] == 1.0
    assert isinstance(values["rate"], float)
    assert values["hidden"] == (64, 32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"dims": 3}, "did you mean dim", id="an unknown name"),
        pytest.param({"dim": 2.5}, "type int", id="a fraction for a whole number"),
        pytest.param({"dim": True}, "type int", id="a flag for a number"),
        pytest.param({"dim": 0}, "at least 1", id="too small"),
        pytest.param({"dim": 513}, "at most 512", id="too large"),
        pytest.param({"kind": "tree"}, "one of mlp, gmf", id="not among the choices"),
        pytest.param({"rate": float("nan")}, "finite", id="NaN"),
        pytest.param({"hidden": 64}, "tuple", id="a number for a tuple"),
        pytest.param({"preset": "papr"}, "did you mean paper", id="unknown preset"),
    ],
)
def test_a_wrong_parameter_is_explained(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        complete(SPEC, "rating", given)


def test_a_label_holds_only_what_differs_from_the_defaults() -> None:
    assert label(SPEC, "rating", complete(SPEC, "rating", {})) == "toy"
    values = complete(SPEC, "rating", {"hidden": (8,), "dim": 4})
    assert label(SPEC, "rating", values) == "toy[dim=4,hidden=(8,)]"


def test_a_label_reads_back_as_the_same_parameters() -> None:
    values = complete(SPEC, "rating", {"hidden": (8,), "kind": "gmf", "rate": 0.25})
    name, given = parse_model(label(SPEC, "rating", values))

    assert name == "toy"
    assert complete(SPEC, "rating", given) == values


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    kind: str = "mlp"
    limit: str | None = None
    weighting: Literal["none", "bm25", "true"] = "bm25"


WORDS = ModelSpec(name="words", factory=dict, tasks=("top-n",), params=Words)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"weighting": "none"}, id="a word that looks like nothing"),
        pytest.param({"weighting": "true"}, id="a word that looks like a flag"),
        pytest.param({"kind": "none"}, id="any text"),
        pytest.param({"kind": "1e3"}, id="text that looks like a number"),
        pytest.param({"kind": "7"}, id="text that looks like a whole number"),
        pytest.param({"limit": "gmf"}, id="text where nothing is allowed"),
    ],
)
def test_words_of_any_kind_read_back_from_a_label(values: dict[str, object]) -> None:
    complete_values = complete(WORDS, "top-n", values)
    told = label(WORDS, "top-n", complete_values)
    _, given = parse_model(told)

    assert complete(WORDS, "top-n", given) == complete_values
    assert complete_values | values == complete_values


def test_a_bare_none_is_the_word_where_only_text_can_be_meant() -> None:
    _, given = parse_model("words[weighting=none,kind=None,limit=none]")

    found = complete(WORDS, "top-n", given)
    assert found == {"kind": "none", "limit": None, "weighting": "none"}


def test_defaults_out_of_their_own_range_are_the_plugins_fault() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Wrong:
        dim: int = param(0, low=1)

    spec = ModelSpec(name="wrong", factory=dict, tasks=("rating",), params=Wrong)
    with pytest.raises(PluginError, match="its own defaults are wrong"):
        defaults(spec, "rating")
