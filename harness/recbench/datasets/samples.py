"""The simulated data sets that are always available."""

from dataclasses import replace

from recbench.datasets.dataset import DataContext, Dataset
from recbench.datasets.simulator import simulate

SEED = 20_240_501
SIZES = (400, 300, 15_000)


def sample(context: DataContext) -> Dataset:  # noqa: ARG001 - the loaders' signature
    """Return 15,000 ratings of 400 users and 300 items."""
    return simulate(*SIZES, SEED, name="sample")


def sample_implicit(context: DataContext) -> Dataset:  # noqa: ARG001 - the loaders' signature
    """Return the same events without their ratings."""
    dataset = simulate(*SIZES, SEED, name="sample-implicit")
    events = replace(dataset.interactions, ratings=None, scale=None)
    return replace(dataset, interactions=events, values="none")
