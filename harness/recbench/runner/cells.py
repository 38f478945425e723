"""A cell: suite x model x parameters x seeds, one unit of work with one key."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recbench.plugins import Plugin
from recbench.results import canonical
from recbench.specs import ModelSpec, SuiteSpec


def protocol_data(suite: SuiteSpec) -> dict[str, Any]:
    """Return the protocol of a suite as plain data, with what selection looks at."""
    protocol = dataclasses.asdict(suite.protocol)
    return {**canonical.plain(protocol), "selection": suite.primary}


def protocol_hash(suite: SuiteSpec) -> str:
    """Return the SHA-256 of the protocol, 64 hex digits."""
    return canonical.digest(protocol_data(suite))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One unit of work.

    Attributes:
        suite: What is measured.
        spec: The model.
        plugin: Where the model comes from.
        plugin_hash: SHA-256 over the plugin's source.
        params: All parameters, defaults included.
        label: How people see model and parameters.
        split_seed: Seed of the split.
        seed: Seed of the model.
        fingerprint: Fingerprint of the data set.
        device: Kind of device: ``cpu``, ``cuda``, ``mps``.
        threads: Threads the child gets.
        budget: How the parameters were chosen, where a search did.
    """

    suite: SuiteSpec
    spec: ModelSpec
    plugin: Plugin
    plugin_hash: str
    params: dict[str, Any]
    label: str
    split_seed: int
    seed: int
    fingerprint: str
    device: str = "cpu"
    threads: int = 1
    budget: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what two attempts at this cell have in common, 64 hex digits."""
        return canonical.digest(
            {
                "dataset": self.fingerprint,
                "protocol": protocol_hash(self.suite),
                "model": self.spec.name,
                "params": self.params,
                "plugin": self.plugin_hash,
                "split_seed": self.split_seed,
                "seed": self.seed,
                "budget": dict(self.budget),
            }
        )

    @property
    def title(self) -> str:
        """Return the name of the cell for people."""
        return f"{self.suite.name} {self.label} seed {self.split_seed}"
