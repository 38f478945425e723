"""Training by epochs: validate, keep the best state, stop when nothing improves."""

import math
from collections.abc import Callable

from torch import Tensor, nn

from recbench.errors import UsageError
from recbench.protocols import FitContext


class EarlyStopping:
    """Run epochs until the suite's validation metric stops improving.

    After every ``every`` epochs the harness scores the model on the validation part.
    The best state is kept on the device and restored at the end. Where the suite has
    no validation part, or ``patience`` is 0, all epochs run and the last state
    stays. When the deadline passes, training ends after the current epoch.

    Args:
        model: What the harness can score: usually ``self``.
        module: The weights to keep and restore.
        context: What the harness lent the model.
        epochs: The most epochs to run, at least 1.
        patience: Validations without improvement after which training ends; 0 runs
            all epochs and selects nothing.
        every: Epochs between validations; the last epoch is always validated.

    Attributes:
        best: Best validation value so far, None before the first.
        best_epoch: Epoch of the state that stands after :meth:`run`.
        epoch: Epochs run.
    """

    def __init__(
        self,
        model: object,
        module: nn.Module,
        context: FitContext,
        *,
        epochs: int,
        patience: int = 0,
        every: int = 1,
    ) -> None:
        """Start before the first epoch."""
        if epochs < 1 or patience < 0 or every < 1:
            msg = f"epochs {epochs} and every {every} must be at least 1, "
            raise UsageError(msg + f"patience {patience} at least 0")
        self.model, self.module, self.context = model, module, context
        self.epochs, self.patience, self.every = epochs, patience, every
        self.best: float | None = None
        self.best_epoch = 0
        self.epoch = 0
        self._worse = 0
        self._state: dict[str, Tensor] | None = None

    def run(
        self,
        one_epoch: Callable[[int], float],
        *,
        before: Callable[[], object] | None = None,
        after: Callable[[float | None], object] | None = None,
    ) -> None:
        """Run the epochs, then restore the best state, in evaluation mode.

        Args:
            one_epoch: Trains for one epoch, whose number counts from 1; returns its
                mean loss.
            before: Called before every validation and once more at the end: the
                place to bring up to date what the model derives from its weights.
            after: Called after every epoch with the validation value, or None where
                there was none: the place of a learning-rate schedule.
        """
        while not self._done():
            self.epoch += 1
            self.module.train()
            loss = one_epoch(self.epoch)
            self.module.eval()
            value = self._validate(loss, before)
            if after is not None:
                after(value)
        if self._state is not None:
            self.module.load_state_dict(self._state)
        else:
            self.best_epoch = self.epoch
        if before is not None:
            before()

    def _done(self) -> bool:
        """Return whether the epochs, the patience or the time is used up."""
        if self.epoch == 0:
            return False
        out_of_patience = 0 < self.patience <= self._worse
        return (
            self.epoch >= self.epochs or out_of_patience or self.context.should_stop()
        )

    def _validate(
        self, loss: float, before: Callable[[], object] | None
    ) -> float | None:
        """Score the model where it is due, report, and keep an improved state."""
        values = {"epoch": self.epoch, "epochs": self.epochs, "loss": loss}
        due = self.epoch % self.every == 0 or self.epoch == self.epochs
        due = due and self.context.validator is not None
        if due and before is not None:
            before()
        value = self.context.validate(self.model) if due else None
        if value is None:
            self.context.report(**values)
            return None
        self.context.report(**values, validation=value)
        if self.patience == 0:
            return value
        if self._improves(value):
            self.best, self.best_epoch, self._worse = value, self.epoch, 0
            state = self.module.state_dict()
            self._state = {name: t.detach().clone() for name, t in state.items()}
        else:
            self._worse += 1
        return value

    def _improves(self, value: float) -> bool:
        """Return whether ``value`` beats the best; a NaN never does."""
        if math.isnan(value):
            return False
        if self.best is None:
            return True
        return value > self.best if self.context.maximize else value < self.best
