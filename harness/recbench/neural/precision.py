"""Mixed precision and transfers: one small interface, off unless it is asked for.

::

    mixed = Precision(p.precision, device)
    for batch in batches(*columns, size=512):
        with mixed.autocast():
            loss = loss_of(net, *batch)
        losses.append(mixed.descend(loss, optimizer))

With ``float32`` both calls do what they would do without this module, bit for bit.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, TypeVar

import torch
from torch import Tensor

from recbench.errors import UsageError

T = TypeVar("T")
Kind = Literal["float32", "bfloat16", "float16"]
TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Precision:
    """In which precision products are computed; weights stay float32.

    Args:
        kind: ``float32`` for no change; ``bfloat16``, which needs no scaling of the
            loss; ``float16``, whose gradients are scaled so that small ones survive.
            Steps whose gradients overflow float16 are left out, and the scale falls.
        device: Where the training runs.

    Raises:
        UsageError: If torch has no mixed precision of the kind on the device.
    """

    def __init__(self, kind: Kind, device: torch.device | str) -> None:
        """Prepare; nothing is computed yet."""
        self.device = torch.device(device)
        self.type = TYPES.get(kind)
        self.scaler: torch.amp.GradScaler | None = None
        if self.type is None:
            return
        if not torch.amp.is_autocast_available(self.device.type):
            msg = (
                f"precision={kind} is not available on {self.device.type}: "
                "use precision=float32"
            )
            raise UsageError(msg)
        if self.type is torch.float16:
            self.scaler = torch.amp.GradScaler(self.device.type)

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context in which the forward pass and the loss are computed."""
        if self.type is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.type)

    def under(self, batches: Iterable[T]) -> Iterator[T]:
        """Yield what an iterator computes, computed under :meth:`autocast`."""
        source = iter(batches)
        while True:
            with self.autocast():
                try:
                    found = next(source)
                except StopIteration:
                    return
            yield found

    def descend(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
        """Take one step down the gradient of ``loss``; return its value, detached."""
        optimizer.zero_grad()
        if self.scaler is None:
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
            optimizer.step()
        else:
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # likewise
            self.scaler.step(optimizer)
            self.scaler.update()
        return loss.detach()


def moved(tensor: Tensor, device: torch.device | str) -> Tensor:
    """Return a tensor on a device; the copy to a GPU does not wait for its end.

    Pinned memory lets the copy run beside the computation. A tensor that is there
    already, or stays on the CPU, is returned as it is.
    """
    target = torch.device(device)
    if target.type == tensor.device.type and target.index in (
        None,
        tensor.device.index,
    ):
        return tensor
    if target.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(target, non_blocking=True)
    return tensor.to(target)
