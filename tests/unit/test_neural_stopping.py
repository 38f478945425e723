import math
import time

import pytest
import torch
from torch import nn

from recbench import FitContext, UsageError
from recbench.neural import EarlyStopping


class Trained:
    """A module whose one weight counts the epochs, and a story of what happened."""

    def __init__(self, curve, *, maximize=False, deadline=None):
        self.net = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.net.weight)
        self.curve, self.reports, self.modes, self.served = curve, [], [], []
        self.context = FitContext(
            maximize=maximize,
            deadline=deadline,
            validator=None if curve is None else lambda _model: self.value(),
            reporter=lambda values: self.reports.append(dict(values)),
        )

    @property
    def weight(self):
        return int(self.net.weight.item())

    def value(self):
        assert not self.net.training
        return self.curve[self.weight - 1]

    def one_epoch(self, epoch):
        self.modes.append(self.net.training)
        with torch.no_grad():
            self.net.weight += 1
        assert epoch == self.weight
        return 1 / epoch

    def run(self, **options):
        stopping = EarlyStopping(self, self.net, self.context, **options)
        stopping.run(self.one_epoch, before=lambda: self.served.append(self.weight))
        return stopping


@pytest.mark.parametrize(
    ("curve", "maximize", "best"),
    [
        pytest.param([5, 3, 4, 4, 9, 1], False, 2, id="smaller is better"),
        pytest.param([1, 3, 2, 3, 2, 9], True, 2, id="larger is better, ties wait"),
        pytest.param([math.nan, 3, math.nan, 4, 5, 0], False, 2, id="NaN is no best"),
    ],
)
def test_training_ends_when_patience_is_used_up_and_the_best_state_returns(
    curve, maximize, best
):
    trained = Trained(curve, maximize=maximize)

    stopping = trained.run(epochs=6, patience=3)

    assert trained.weight == best
    assert stopping.epoch == best + 3
    assert (stopping.best_epoch, stopping.best) == (best, curve[best - 1])
    assert trained.served[-1] == best
    assert not trained.net.training


def test_every_epoch_is_trained_in_training_mode_and_reported():
    trained = Trained([5, 4, 3])

    trained.run(epochs=3, patience=2)

    assert trained.modes == [True, True, True]
    assert trained.reports == [
        {"epoch": e, "epochs": 3, "loss": 1 / e, "validation": 6 - e} for e in (1, 2, 3)
    ]


def test_without_patience_all_epochs_run_and_the_last_state_stays():
    trained = Trained([1, 2, 3, 4])

    stopping = trained.run(epochs=4, patience=0)

    assert trained.weight == stopping.epoch == stopping.best_epoch == 4
    assert [r["validation"] for r in trained.reports] == [1, 2, 3, 4]


def test_without_validation_all_epochs_run_and_the_last_state_stays():
    trained = Trained(None)

    trained.run(epochs=4, patience=1)

    assert trained.weight == 4
    assert all("validation" not in r for r in trained.reports)


def test_validation_can_be_rarer_than_epochs_but_covers_the_last():
    trained = Trained([9, 8, 7, 6, 5, 4, 3])

    trained.run(epochs=7, patience=5, every=3)

    assert [r["epoch"] for r in trained.reports if "validation" in r] == [3, 6, 7]
    assert trained.weight == 7


def test_a_passed_deadline_ends_training_with_the_best_state():
    trained = Trained([1, 2, 3], deadline=time.monotonic() - 1)

    stopping = trained.run(epochs=3, patience=3)

    assert stopping.epoch == 1
    assert trained.weight == 1


def test_a_schedule_sees_every_validation():
    trained = Trained([3, 2, 1])
    seen = []

    EarlyStopping(
        trained, trained.net, trained.context, epochs=3, patience=1, every=2
    ).run(trained.one_epoch, after=seen.append)

    assert seen == [None, 2, 1]


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"patience": -1}, {"every": 0}])
def test_impossible_numbers_are_refused(wrong):
    trained = Trained([1])

    with pytest.raises(UsageError, match="at least"):
        trained.run(**({"epochs": 1} | wrong))


def test_without_validation_what_is_served_is_made_once_at_the_end():
    trained = Trained(None)

    trained.run(epochs=4, patience=2)

    assert trained.served == [4]
