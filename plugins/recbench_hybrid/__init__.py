"""Hybrid models: what users did, and what is known of users and items beside it."""

from collections.abc import Iterator

from recbench import ModelSpec, hookimpl, with_tuned
from recbench_hybrid import params


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer the hybrid models."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="factorization-machine",
        summary="all pairs of user, item and features weighed by dot products",
        paper="Rendle, 2010, Factorization Machines",
        factory="recbench_hybrid.machine:FactorizationMachine",
        params=params.MachineParams,
        task_defaults={"top-n": params.MACHINE_TOP_N},
        tasks=("rating", "top-n"),
        devices=("cuda", "mps", "cpu"),
    )
    yield ModelSpec(
        name="lightfm",
        summary="users and items as sums of the embeddings of their features",
        paper="Kula, 2015, Metadata Embeddings for User and Item Cold-start "
        "Recommendations",
        factory="recbench_hybrid.sums:LightFM",
        params=params.LightFMParams,
        tasks=("top-n",),
        devices=("cuda", "mps", "cpu"),
    )
    yield ModelSpec(
        name="feature-ease",
        summary="EASE that must explain features as well",
        paper="Jeunen, Van Balen and Goethals, 2020, Closed-Form Models for "
        "Collaborative Filtering with Side-Information",
        factory="recbench_hybrid.closed:FeatureEASE",
        params=params.FeatureEASEParams,
        tasks=("top-n",),
    )
    yield ModelSpec(
        name="feature-knn",
        summary="items alike by their users and by their features",
        paper="Pazzani and Billsus, 2007, Content-based recommendation systems",
        factory="recbench_hybrid.nearest:FeatureKNN",
        params=params.FeatureKNNParams,
        tasks=("top-n",),
    )
