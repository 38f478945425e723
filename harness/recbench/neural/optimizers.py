"""Adam, fused wherever torch has it so, and lazy where tables are large."""

import inspect
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam as adam_step

FUSED = ("cpu", "cuda", "mps")
SPARSE = ("cpu", "cuda")  # where torch has sparse gradients
LARGE = 16  # rows of a large table, in batches


class Adam(torch.optim.Adam):
    """torch's Adam, without torch's compiler, and lazy where gradients are sparse.

    The first step of an optimizer of torch imports its compiler, eight hundred modules
    and two seconds, which nothing here uses; the numbers are the same to the bit.

    Of tables with sparse gradients only the looked-up rows move: a step then costs as
    much as the batch has rows, not as the table has. A row that is not looked up keeps
    its moments as they are. The L2 penalty falls on the rows that are looked up.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters."""
        inspect.unwrap(torch.optim.Adam.add_param_group)(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: ARG002 - the name is torch's
        """Forget all gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                weight.grad = None

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - no closures here
        """Move all parameters with a gradient."""
        for group in self.param_groups:
            dense = []
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight.grad.is_sparse:
                    self._move_rows(weight, group)
                else:
                    dense.append(weight)
            if dense:
                held = [self._state_of(weight, group) for weight in dense]
                first, second, steps = zip(*held, strict=True)
                grads = [weight.grad for weight in dense]
                self._move(group, dense, grads, [*first], [*second], [*steps])

    def _move_rows(self, weight: nn.Parameter, group: dict[str, Any]) -> None:
        assert weight.grad is not None  # noqa: S101 - it is sparse
        grad, weight.grad = weight.grad.coalesce(), None
        at = grad.indices()[0]
        *moments, step = self._state_of(weight, group)
        tables = (weight, *moments)
        rows, first, second = (table.index_select(0, at) for table in tables)
        self._move(group, [rows], [grad.values()], [first], [second], [step])
        for table, moved in zip(tables, (rows, first, second), strict=True):
            table.index_copy_(0, at, moved)

    def _state_of(
        self, weight: Tensor, group: dict[str, Any]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return both moments and the number of steps."""
        state = self.state[weight]
        if not state:
            device = weight.device if group["fused"] else "cpu"
            state["step"] = torch.zeros((), device=device)
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def _move(self, group: dict[str, Any], *tensors: list[Tensor]) -> None:
        """Take one step: weights, gradients, both moments and step counts."""
        weights, grads, first, second, steps = tensors
        adam_step(
            weights,
            grads,
            first,
            second,
            [],
            steps,
            fused=bool(group["fused"]),
            grad_scale=getattr(self, "grad_scale", None),  # set by a GradScaler
            found_inf=getattr(self, "found_inf", None),
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
            decoupled_weight_decay=group["decoupled_weight_decay"],
        )


def adam(
    *groups: tuple[Iterable[nn.Parameter], float],
    learning_rate: float,
    decoupled: bool = False,
) -> torch.optim.Optimizer:
    """Return Adam, fused where the device of the parameters allows it.

    One fused kernel per step replaces a dozen operations per tensor: a quarter of an
    epoch of a small network.

    Args:
        *groups: Parameters with the strength of their L2 penalty (weight decay).
        learning_rate: Step size.
        decoupled: Whether the decay acts on the weights themselves (AdamW) instead
            of being added to the gradient.
    """
    members = [(list(parameters), decay) for parameters, decay in groups]
    kinds = {p.device.type for parameters, _ in members for p in parameters}
    return Adam(
        [{"params": some, "weight_decay": decay} for some, decay in members if some],
        lr=learning_rate,
        fused=kinds <= set(FUSED),
        decoupled_weight_decay=decoupled,
    )


def lazy_tables(net: nn.Module, *, batch_size: int) -> None:
    """Give large embeddings sparse gradients, on which :func:`adam` is lazy.

    Large is what has more than sixteen rows for each of a batch: there a dense step
    costs more than a lazy one, and an epoch would grow with the square of the data.

    Args:
        net: Its ``nn.Embedding`` members are examined; they are on their device.
        batch_size: Rows looked up in one step.
    """
    for module in net.modules():
        if isinstance(module, nn.Embedding):
            usable = module.weight.device.type in SPARSE
            module.sparse = usable and len(module.weight) > LARGE * batch_size


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
    """Take one step down the gradient of ``loss``; return its value, detached.

    Give the values of an epoch to :func:`mean`: reading each as a number would make a
    GPU wait at every step.
    """
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
    optimizer.step()
    return loss.detach()


def mean(losses: Iterable[Tensor]) -> float:
    """Return the mean of the losses of an epoch's steps; 0 where there are none.

    They are summed as they come. A list of them would pin a hole in the heap at every
    step, which a step's matrices then no longer fit into: a megabyte a step, seen.
    """
    total, n = torch.zeros(0), 0
    for loss in losses:
        total = loss.clone() if n == 0 else total.add_(loss)
        n += 1
    return float(total) / n if n else 0.0
