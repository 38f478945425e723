"""docs/reference/splits.md explains every split and filter, with its defaults."""

import inspect
import re
from pathlib import Path

from toy_data import SPECS

from recbench.splits.filters import FILTERS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "splits.md"


def documented():
    """Return each name with its parameters and their defaults, as written."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^### `([^`]+)`$", text, flags=re.MULTILINE)[1:]
    found = {}
    for name, section in zip(parts[::2], parts[1::2], strict=True):
        found[name] = dict(
            re.findall(r"^- `(\w+)` \(([^)]*)\):", section, re.MULTILINE)
        )
    return found


def test_every_split_and_filter_is_explained_with_its_defaults():
    expected = {
        name: {
            p: f'"{v}"' if isinstance(v, str) else str(v)
            for p, v in spec.params.items()
        }
        for name, spec in SPECS.items()
    }
    for name, function in FILTERS.items():
        parameters = list(inspect.signature(function).parameters.values())[1:]
        expected[name] = {p.name: str(p.default) for p in parameters}

    assert documented() == expected
