"""Figures that a page quotes from a published board are those of the board."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RATING = ("rating", "rmse")
TOP_N = ("top-n", "ndcg@10")
NEXT = ("next-item", "ndcg@10")
GLOBAL = ("next-item-global", "ndcg@10")

# page, the heading above its table, and what stands in the columns behind the model
QUOTES = [
    ("docs/models/neural.md", "What they score", [RATING, None, TOP_N, None]),
    ("docs/models/factors.md", None, [RATING, None, TOP_N, None]),
    ("docs/models/sequential.md", "What they score", [NEXT, None, GLOBAL]),
    ("docs/notebook.md", "Predicting ratings", [None, RATING]),
    ("docs/notebook.md", "Ranking", [None, TOP_N]),
]


def quoted(page: str, heading: str | None) -> list[list[str]]:
    """Return the cells of each row about a model, save those that name parameters."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading is not None:
        text = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z-]+`)[^|(]*\|(.*)\|$", text, flags=re.MULTILINE)
    return [
        [name.strip("`"), *(c.strip() for c in rest.split("|"))] for name, rest in rows
    ]


def figures(task: str, metric: str) -> dict[str, float]:
    path = ROOT / "leaderboards" / "ml-100k" / task / "board.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return {row["label"]: row["metrics"][metric]["mean"] for row in rows}


@pytest.mark.parametrize(("page", "heading", "columns"), QUOTES)
def test_a_quoted_figure_is_that_of_the_board(page, heading, columns):
    compared = 0
    for name, *cells in quoted(page, heading):
        for cell, source in zip(cells, columns, strict=False):
            if source is None or not re.fullmatch(r"\d\.\d{4}", cell):
                continue
            assert float(cell) == pytest.approx(figures(*source)[name], abs=6e-5), name
            compared += 1

    assert compared >= 3
