"""Where splits along time cut when many events share one moment."""

import numpy as np
import pytest

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError
from recbench.interactions import Interactions
from recbench.splits.by_time import border, global_time


@pytest.mark.parametrize(
    ("n_after", "moment"), [(0, 10), (1, 9), (2, 7), (3, 7), (4, 3), (9, 3)]
)
def test_a_border_leaves_at_least_so_many_events_behind_it(n_after, moment) -> None:
    assert border(np.array([7, 3, 9, 7]), n_after) == moment


def test_nothing_is_left_for_training_where_all_but_one_event_are_tested() -> None:
    stamps = np.array([1, 2, 2, 2, 2, 2])
    codes = np.arange(6, dtype=np.int32)
    data = Dataset(
        name="any",
        interactions=Interactions(
            users=codes, items=codes, timestamps=stamps, n_users=6, n_items=6
        ),
        user_ids=codes.astype(np.int64),
        item_ids=codes.astype(np.int64),
    )

    with pytest.raises(DataError, match="leaves no train"):
        global_time(data, seed=0, test=0.5, validation=0.4)
