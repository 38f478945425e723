"""The cards of the built-in splits; docs/reference/splits.md explains each."""

from collections.abc import Iterator

from recbench.hookspecs import hookimpl
from recbench.specs import SplitSpec


@hookimpl
def recbench_splits() -> Iterator[SplitSpec]:
    """Offer every built-in split."""
    yield SplitSpec(
        name="random",
        make="recbench.splits.at_random:random",
        params={"validation": 0.15, "test": 0.15},
        summary="interactions at random",
    )
    yield SplitSpec(
        name="random-per-user",
        make="recbench.splits.at_random:random_per_user",
        params={"validation": 0.15, "test": 0.15},
        summary="the same share of every user's interactions at random",
    )
    yield SplitSpec(
        name="leave-last-out",
        make="recbench.splits.by_time:leave_last_out",
        params={"n": 1, "validation": 1},
        needs=("timestamps",),
        summary="every user's last interactions",
    )
    yield SplitSpec(
        name="global-time",
        make="recbench.splits.by_time:global_time",
        params={
            "validation": 0.1,
            "test": 0.1,
            "validation_from": None,
            "test_from": None,
        },
        needs=("timestamps",),
        summary="everything after a moment that is the same for all users",
    )
    yield SplitSpec(
        name="rolling-window",
        make="recbench.splits.by_time:rolling_window",
        params={
            "windows": 3,
            "window": 0,
            "test": 0.1,
            "validation": 0.1,
            "train": None,
        },
        needs=("timestamps",),
        summary="one of several windows of time, after what came before it",
    )
    yield SplitSpec(
        name="k-fold",
        make="recbench.splits.at_random:k_fold",
        params={"k": 5, "fold": 0, "validation": 0.1},
        summary="one of k random folds",
    )
    yield SplitSpec(
        name="surprise-k-fold",
        make="recbench.splits.at_random:surprise_k_fold",
        params={"k": 5, "fold": 0, "validation": 0.0},
        summary="the folds of scikit-surprise's KFold(random_state=seed)",
    )
    yield SplitSpec(
        name="strong-generalisation",
        make="recbench.splits.at_random:strong_generalisation",
        params={"validation": 0.1, "test": 0.1, "history": 0.8, "by": "random"},
        summary="users held out of training, part of their history given",
    )
    yield SplitSpec(
        name="cold-items",
        make="recbench.splits.cold:cold_items",
        params={"validation": 0.1, "test": 0.15},
        summary="items held out of training altogether",
    )
    yield SplitSpec(
        name="cold-users",
        make="recbench.splits.cold:cold_users",
        params={"validation": 0.1, "test": 0.15},
        summary="users held out of training altogether, nothing of them given",
    )
    yield SplitSpec(
        name="fixed",
        make="recbench.splits.fixed:fixed",
        params={"fold": "", "validation": 0.1, "validation_fold": ""},
        needs=("folds",),
        summary="a published fold of the data set",
    )
