"""Neural models on a device that is one in name only, and in mixed precision.

The device keeps its tensors in main memory and notes where each is said to be. An
operation on tensors of two devices, a NumPy array of a far tensor, or a result on the
wrong side raises, as a GPU would, so that code which forgets a device fails here.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from recbench import FitContext, Interactions, UsageError, plugins
from recbench.datasets.simulator import simulate
from recbench.neural import Precision, adam, moved
from recbench.protocols import Queries

FAR = torch.device("privateuseone")  # a name torch knows, without kernels
SMALL = {"epochs": 2, "patience": 0}
PLAIN = {"dropout": 0.0}
MODELS = [
    ("two-tower", "rating", PLAIN),
    ("two-tower", "top-n", PLAIN),
    ("ncf", "rating", PLAIN),
    ("ncf", "top-n", PLAIN),
    ("autorec", "rating", {"batch_size": 16}),
    ("autorec", "top-n", {"batch_size": 16, "input_dropout": 0.0}),
    ("mult-vae", "top-n", {"batch_size": 16, "dropout": 0.0, "latent": 8}),
    ("sasrec", "next-item", {"batch_size": 16, "dropout": 0.0}),
    ("gru4rec", "next-item", {"dropout_items": 0.0, "dropout_states": 0.0}),
    ("bert4rec", "next-item", {"batch_size": 16, "dropout": 0.0}),
]
NAMES = [f"{name}-{task}" for name, task, _ in MODELS]


class Places:
    """Which memory is said to lie on the far device; kept, so that none is reused."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[torch.UntypedStorage, bool]] = {}

    def far(self, tensor: torch.Tensor) -> bool:
        return self.kept.get(tensor.untyped_storage().data_ptr(), (None, False))[1]

    def put(self, found: object, *, far: bool) -> None:
        for tensor in tree_leaves(found):
            if isinstance(tensor, torch.Tensor) and tensor.numel():
                storage = tensor.untyped_storage()
                self.kept[storage.data_ptr()] = (storage, far)


class Watch(TorchDispatchMode):
    """Refuse operations across devices; results stay where the operands are."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self.places = places

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [t for t in tree_leaves((args, kwargs)) if torch.is_tensor(t)]
        far = [t for t in tensors if self.places.far(t)]
        near = [t for t in tensors if t.dim() and t.numel() and not self.places.far(t)]
        if far and near and "copy" not in func.name():
            msg = f"{func.name()}: tensors on two devices"
            raise RuntimeError(msg)
        found = func(*args, **(kwargs or {}))
        if far and "copy_" not in func.name():
            self.places.put(found, far=True)
        return found


class Names(TorchFunctionMode):
    """Let tensors say the far device, go there and come back."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self.places = places

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func == torch.Tensor.device.__get__:
            return FAR if self.places.far(args[0]) else func(*args)
        if func in (torch.Tensor.numpy, torch.Tensor.__array__):
            if self.places.far(args[0]):
                msg = "can't convert a far tensor to numpy: copy it to the CPU first"
                raise TypeError(msg)
            return func(*args, **kwargs)
        if func is torch.Tensor.cpu:
            return self._to(args[0], torch.device("cpu"))
        if func is torch.Tensor.to:
            return self._send(func, args, kwargs)
        device = kwargs.pop("device", None)
        found = func(*args, **kwargs)
        if device is not None:
            self.places.put(found, far=torch.device(device) == FAR)
        return found

    def _send(self, func, args, kwargs):
        kwargs.pop("non_blocking", None)
        rest = [a for a in args[1:] if not isinstance(a, (torch.device, str))]
        named = [a for a in args[1:] if isinstance(a, (torch.device, str))]
        device = kwargs.pop("device", named[0] if named else None)
        rest = [a for a in rest if isinstance(a, torch.dtype)]
        found = func(args[0], *rest, **kwargs) if rest or kwargs else args[0]
        return found if device is None else self._to(found, torch.device(device))

    def _to(self, tensor, device):
        if self.places.far(tensor) == (device == FAR):
            return tensor
        copy = tensor.clone()
        self.places.put(copy, far=device == FAR)
        return copy


@pytest.fixture
def far() -> Iterator[Places]:
    places = Places()
    with Watch(places), Names(places):
        yield places


@pytest.fixture(autouse=True)
def _usual_torch() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def train() -> Interactions:
    table = simulate(60, 40, 500, seed=1).interactions
    return replace(table, threshold=3.0, user_features=None, item_features=None)


def fitted(name, task, params, train, device="cpu"):
    spec = plugins.load().models[name]
    model = plugins.make(spec, task, {**SMALL, **params})
    model.fit(train, FitContext(task=task, device=device, seed=3))
    return model


def answers(model, task, train) -> np.ndarray:
    users = np.arange(train.n_users, dtype=np.int32)
    if task == "rating":
        return model.predict(train.users, train.items)
    if hasattr(model, "user_vectors"):
        return model.user_vectors(users) @ model.item_vectors().T
    if hasattr(model, "score"):
        return model.score(users)
    groups = train.by_user()
    past = train.take(groups.rows)
    return model.score_queries(
        Queries(
            users=users,
            offsets=groups.offsets,
            items=past.items,
            ratings=past.ratings,
            timestamps=past.timestamps,
        )
    )


def test_the_device_in_name_refuses_what_a_gpu_refuses(far) -> None:
    near, there = torch.ones(3), torch.ones(3, device=FAR)

    assert there.device == FAR
    assert (there * 2).device == FAR
    assert (there * torch.tensor(2.0)).cpu().tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="two devices"):
        near + there
    with pytest.raises(RuntimeError, match="two devices"):
        torch.nn.functional.embedding(torch.tensor([0]), there[:, None])
    with pytest.raises(TypeError, match="numpy"):
        np.asarray(there)


def test_a_model_that_forgets_the_device_is_found_out(far) -> None:
    layer = torch.nn.Linear(2, 1).to(FAR)

    with pytest.raises(RuntimeError, match="two devices"):
        layer(torch.zeros(1, 2))


@pytest.mark.parametrize(("name", "task", "params"), MODELS, ids=NAMES)
def test_a_model_learns_the_same_elsewhere(name, task, params, train) -> None:
    here = answers(fitted(name, task, params, train), task, train)
    places = Places()
    with Watch(places), Names(places):
        model = fitted(name, task, params, train, device=str(FAR))
        there = answers(model, task, train)

    assert any(far for _, far in places.kept.values())
    np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "task", "params"), MODELS, ids=NAMES)
def test_bfloat16_learns_nearly_the_same(name, task, params, train) -> None:
    exact = answers(fitted(name, task, params, train), task, train)
    mixed = {**params, "precision": "bfloat16"}
    close = answers(fitted(name, task, mixed, train), task, train)

    assert close.dtype == np.float32
    assert not np.array_equal(close, exact)
    assert np.corrcoef(close.ravel(), exact.ravel())[0, 1] > 0.97


def test_float32_is_the_plain_step_bit_for_bit() -> None:
    def trained(step) -> torch.Tensor:
        torch.manual_seed(0)
        net, rows = torch.nn.Linear(5, 3), torch.randn(20, 5)
        optimizer = adam((net.parameters(), 0.0), learning_rate=0.1)
        mixed = Precision("float32", "cpu")
        for _ in range(5):
            step(net, rows, optimizer, mixed)
        return net.weight.detach()

    def plain(net, rows, optimizer, _mixed) -> None:
        optimizer.zero_grad()
        net(rows).square().mean().backward()
        optimizer.step()

    def through(net, rows, optimizer, mixed) -> None:
        with mixed.autocast():
            loss = net(rows).square().mean()
        mixed.descend(loss, optimizer)

    assert torch.equal(trained(plain), trained(through))


def test_float16_scales_the_loss_and_skips_an_overflow() -> None:
    weight = torch.nn.Parameter(torch.ones(4))
    optimizer = adam(([weight], 0.0), learning_rate=0.1)
    mixed = Precision("float16", "cpu")
    before, scale = weight.detach().clone(), mixed.scaler.get_scale()
    mixed.descend((weight * torch.inf).sum(), optimizer)

    assert torch.equal(weight, before)
    assert mixed.scaler.get_scale() < scale
    mixed.descend((weight * 1e-6).sum(), optimizer)
    assert (weight < before).all()


def test_a_device_without_mixed_precision_is_refused() -> None:
    with pytest.raises(UsageError, match="precision=bfloat16"):
        Precision("bfloat16", "meta")


def test_a_tensor_that_is_there_is_not_copied() -> None:
    tensor = torch.ones(3)

    assert moved(tensor, "cpu") is tensor
    assert moved(tensor, "meta").device.type == "meta"


def test_a_copy_to_a_gpu_is_pinned_and_does_not_block(monkeypatch) -> None:
    asked = []
    tensor = torch.ones(3)
    monkeypatch.setattr(
        torch.Tensor, "pin_memory", lambda self: asked.append("pinned") or self
    )
    monkeypatch.setattr(
        torch.Tensor,
        "to",
        lambda self, device, **more: asked.append((device.type, more)) or self,
    )

    moved(tensor, "cuda")

    assert asked == ["pinned", ("cuda", {"non_blocking": True})]
