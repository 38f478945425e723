"""The regret of a board's rows, on a data set whose true preferences are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbench.datasets.store import open_dataset
from recbench.errors import DataError, NothingRanError
from recbench.leaderboard.board import Board
from recbench.results.store import Store
from recbench.runner.rescore import Rescorer
from recbench.truth.regret import worth

K = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRow:
    """A row of a board beside the truth.

    Attributes:
        label: The row.
        rank: Its rank on the board; None where it has none.
        figure: Its primary metric.
        share: True worth of its top ten as a share of the best possible.
        stars: Mean true rating of its top ten.
        best: The same for the best possible ranker.
    """

    label: str
    rank: int | None
    figure: float | None
    share: float
    stars: float
    best: float

    @property
    def regret(self) -> float:
        """Return the share of the best possible worth that is lost."""
        return 1 - self.share


def true_rows(board: Board, rescorer: Rescorer, store: Store) -> list[TrueRow]:
    """Return the rows of a ranking board, truly best first.

    A gain is the true expected rating of a pair less the lowest rating; gains are
    discounted by rank.

    Raises:
        DataError: If the true preferences of the data set are not known.
        NothingRanError: If no row has lists.
    """
    name = str(board.dataset["name"])
    dataset = open_dataset(rescorer.catalogue.datasets[name])
    if "preference" not in dataset.truth or board.task == "rating":
        msg = (
            f"{board.suite}: regret needs a ranking suite on a data set whose true "
            "preferences are known, such as sample/top-n"
        )
        raise DataError(msg)
    preference = dataset.truth["preference"]
    low = float(dataset.interactions.scale[0]) if dataset.interactions.scale else 0.0
    rows = []
    for row in board.rows:
        ok = [record for record in row.records if record.status == "ok"]
        if not ok:
            continue
        shares, stars, best = [], [], []
        for record in ok:
            users, lists = store.lists(record)
            rules = rescorer.prepared(record).view.rules(final=True)
            found = worth(lists, users, preference - low, rules, K)
            shares.append(float(found.share.mean()))
            stars.append(float(found.gain.mean()) + low)
            best.append(float(found.best.mean()) + low)
        known = row.metrics.get(board.layout.primary)
        rows.append(
            TrueRow(
                label=row.label,
                rank=row.rank,
                figure=known.mean if known else None,
                share=float(np.mean(shares)),
                stars=float(np.mean(stars)),
                best=float(np.mean(best)),
            )
        )
    if not rows:
        msg = f"{board.suite} has no row with lists"
        raise NothingRanError(msg)
    return sorted(rows, key=lambda r: (-r.share, r.label))


def plain(rows: Sequence[TrueRow]) -> list[Mapping[str, Any]]:
    """Return rows as plain data."""
    return [
        {
            "model": row.label,
            "rank": row.rank,
            "figure": row.figure,
            "true_worth": row.share,
            "regret": row.regret,
            "stars": row.stars,
            "best_stars": row.best,
        }
        for row in rows
    ]
