"""Synthetic records with per-user values, for the tests of boards."""

import numpy as np

from recbench.leaderboard.layout import Layout
from recbench.metrics.views import PerUser
from recbench.results.record import Figure, Record

TOP_N = Layout(
    metrics=("ndcg@10", "ndcg@5", "ndcg@20", "recall@10", "coverage@10"),
    primary="ndcg@10",
    reference="most-popular",
    baselines=("most-popular",),
)
RATING = Layout(metrics=("rmse", "mae"), primary="rmse", reference="bias")
SYSTEM = ("coverage@10",)
MACHINES = {
    "m1": {"id": "m1", "cpu": "Quick CPU", "cores": 2, "memory_gib": 8.0, "gpus": []},
    "m2": {"id": "m2", "cpu": "Slow CPU", "cores": 8, "memory_gib": 32.0, "gpus": []},
}


class Factory:
    """Makes records and remembers their per-user values."""

    def __init__(self, task: str = "top-n", n_users: int = 120, world: int = 0) -> None:
        self.task = task
        self.n_users = n_users
        self.world = world
        self.records: list[Record] = []
        self.values: dict[str, dict[str, PerUser]] = {}
        self.layout = TOP_N if task == "top-n" else RATING
        self.suite = f"ml-test/{'top-n' if task == 'top-n' else 'rating'}"

    def per_user(self, record: Record) -> dict[str, PerUser]:
        return self.values[record.key]

    def add(self, model: str, level: float, *, splits=(0, 1, 2), seeds=(0,), **change):
        """Add the runs of a model whose users score around ``level``."""
        for split in splits:
            for seed in seeds:
                self.one(model, level, split=split, seed=seed, **change)
        return self

    def one(self, model: str, level: float, *, split: int, seed: int = 0, **change):
        """Add one run."""
        params = change.pop("params", {})
        own = change.pop("noise", 0.02)
        name = (
            f"{model}|{sorted(params.items())}|{split}|{seed}|{change.get('tag', '')}"
        )
        change.pop("tag", None)
        tables = self._tables(level, own, split, seed, sum(map(ord, model)))
        fields = {
            "key": name,
            "suite": self.suite,
            "task": self.task,
            "dataset": {
                "name": "ml-test",
                "fingerprint": "f" * 64,
                "n_interactions": 100000,
                "n_users": self.n_users,
                "n_items": 1682,
            },
            "protocol": self._protocol(),
            "protocol_hash": "p" * 64,
            "split": {
                "seed": split,
                "hash": f"hash-{split}",
                "train": 70000,
                "validation": 15000,
                "test": 15000,
                "users": self.n_users,
                "leakage": {"train_after_own_test": {"count": 53000, "share": 0.757}},
            },
            "model": model,
            "params": params,
            "label": model + _label(params),
            "plugin": {"name": "recbench-test", "version": "1.0", "hash": "h"},
            "seed": seed,
            "status": "ok",
            "metrics": {
                metric: Figure(
                    value=table.figure() if metric not in SYSTEM else level,
                    finish="system" if metric in SYSTEM else table.finish,
                    higher_is_better=self.task != "rating",
                )
                for metric, table in tables.items()
            },
            "seconds": {"fit": 1.0 + level, "score": 0.2, "total": 2.0},
            "peak_mib": 300.0,
            "machine": MACHINES["m1"],
            "versions": {"python": "3.11.9", "numpy": "2.4.0", "recbench": "0.1.0"},
            "started": "2026-01-01T00:00:00Z",
            "command": f"recbench run {self.suite} -m {model} --seeds 0-2",
        }
        fields |= change
        if fields["status"] != "ok":
            fields["metrics"] = {}
        record = Record(**fields)
        self.records.append(record)
        self.values[name] = {m: t for m, t in tables.items() if m not in SYSTEM}
        return record

    def _protocol(self) -> dict:
        shared = {
            "task": self.task,
            "split": "random",
            "selection": self.layout.primary,
        }
        shared |= {"split_params": {"test": 0.15, "validation": 0.15}, "filters": []}
        if self.task == "rating":
            return shared
        ranking = {"positives": 4.0, "relevance": 4.0, "candidates": "train"}
        return shared | ranking | {"seen": "remove", "k": 50, "refit": False}

    def _tables(self, level, own, split, seed, mark) -> dict[str, PerUser]:
        """Users and splits are shared by all models, noise is the model's own."""
        world = np.random.default_rng([self.world, split])
        hard = world.standard_exponential(self.n_users) * 0.15
        shift = 0.005 * world.standard_normal()
        rng = np.random.default_rng([self.world, split, seed, mark])
        users = np.arange(self.n_users, dtype=np.int32)
        ones = np.ones(self.n_users)
        out = {}
        for place, metric in enumerate(self.layout.metrics):
            values = level + hard + shift + own * rng.standard_normal(self.n_users)
            values += 0.01 * place
            finish, weights = "mean", ones
            if metric == "rmse":
                values, finish = np.abs(values) ** 2, "sqrt"
                weights = 1.0 + (users % 7)
            out[metric] = PerUser(
                users=users, values=values, weights=weights, finish=finish
            )
        return out


def _label(params: dict) -> str:
    inner = ",".join(f"{k}={v}" for k, v in params.items())
    return f"[{inner}]" if inner else ""


def stored(factory: Factory, root):
    """Put the factory's records into a store."""
    import hashlib

    import msgspec

    from recbench.results.store import Store

    store = Store(root)
    for record in factory.records:
        arrays = {}
        for metric, table in factory.values[record.key].items():
            arrays["users"] = table.users
            arrays[f"value:{metric}"] = table.values
            arrays[f"weight:{metric}"] = table.weights
        key = hashlib.sha256(record.key.encode()).hexdigest()
        blobs = {"per-user": arrays} if record.status == "ok" else {}
        store.add(msgspec.structs.replace(record, key=key), blobs)
    return store
