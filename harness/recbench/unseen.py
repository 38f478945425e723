"""The suites whose items or users training has never seen: ``top-n``, split otherwise.

A light card: importing it costs no numpy.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from recbench.specs import SuiteSpec

BY_NAME_ONLY = ("cold-items", "cold-users", "strong-generalisation")
"""Splits whose suites are only taken where they are named."""

SHARES = {"validation": 0.1, "test": 0.15}


def unseen_suites(top_n: SuiteSpec, *, has: Iterable[str]) -> Iterator[SuiteSpec]:
    """Yield the suites of cold items, cold users and new users that data allow.

    Args:
        top_n: The data set's suite of the task ``top-n``.
        has: What the data set offers.
    """
    if "item_features" in has:
        yield cold_items_suite(top_n)
        yield cold_items_suite(top_n, only=True)
    if "user_features" in has:
        yield cold_users_suite(top_n)
    yield new_users_suite(top_n)


def cold_items_suite(top_n: SuiteSpec, *, only: bool = False) -> SuiteSpec:
    """Return the suite that tests items which training has never seen.

    What a model knows of them is their features. One without features takes part as it
    is: what it says of such an item is what it says of an item nobody has had.

    Args:
        top_n: The data set's suite of the task ``top-n``.
        only: Whether only items without a training interaction are ranked; otherwise
            all items are, and the new ones must stand against the known ones.
    """
    ranked = "the new items" if only else "all unseen items"
    return _sibling(
        top_n,
        {
            "split": "cold-items",
            "split_params": SHARES,
            "candidates": "cold" if only else "all",
        },
        name=f"{top_n.dataset}/cold-items{'-only' if only else ''}",
        summary=f"rank {ranked}, 15 % of the items held out of training",
        reference="random" if only else "most-popular",
    )


def cold_users_suite(top_n: SuiteSpec) -> SuiteSpec:
    """Return the suite that tests users of whom only the features are known."""
    return _sibling(
        top_n,
        {"split": "cold-users", "split_params": SHARES},
        name=f"{top_n.dataset}/cold-users",
        summary="rank all items, 15 % of the users held out, no history given",
    )


def new_users_suite(top_n: SuiteSpec) -> SuiteSpec:
    """Return the suite of strong generalisation.

    Users are held out of training; models that fold users in are given 80 % of their
    interactions when they are to serve them. A model that cannot is skipped, and the
    board says so.
    """
    return _sibling(
        top_n,
        {"split": "strong-generalisation", "split_params": {**SHARES, "history": 0.8}},
        name=f"{top_n.dataset}/new-users",
        summary="rank all unseen items, 15 % of the users held out, 80 % given",
    )


def _sibling(suite: SuiteSpec, changes: dict[str, Any], **others: Any) -> SuiteSpec:  # noqa: ANN401 - fields of a spec differ in type
    """Return a suite of the same data set under another protocol."""
    protocol = dataclasses.replace(suite.protocol, **changes)
    return dataclasses.replace(suite, protocol=protocol, default=False, **others)
