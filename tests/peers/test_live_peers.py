"""The dialects against the libraries themselves, where they are installed.

``RECBENCH_PEER_PYTHONS`` (separated like PATH) names further interpreters that have
some of them, ``RECBENCH_PEER_PATHS`` folders with unpacked wheels or checkouts,
``RECBENCH_NOTEBOOK`` the course notebook's text.
"""

import os
import sys

import pandas as pd
import pytest
from make_golden import PEERS, run_peer
from peer_cases import cases

from recbench.dialects import score

SINGLE_PRECISION = {"warprec"}


def _paths(variable):
    return [part for part in os.environ.get(variable, "").split(os.pathsep) if part]


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS)
def test_a_dialect_reproduces_the_installed_library(peer):
    interpreters = [*_paths("RECBENCH_PEER_PYTHONS"), sys.executable]
    output = run_peer(peer, interpreters, _paths("RECBENCH_PEER_PATHS"))
    if output is None:
        pytest.skip(f"{peer} is not installed here")
    tolerance = 1e-6 if peer in SINGLE_PRECISION else 1e-12
    for name, case in cases().items():
        lists = pd.DataFrame(case.lists, columns=["user", "item", "rank", "score"])
        truth = pd.DataFrame(case.truth, columns=["user", "item", "rating"])

        scores = score(lists.dropna(axis=1, how="all"), truth, dialect=peer)

        for metric, expected in output["values"][name].items():
            mean = scores.metrics[metric].mean
            assert (mean is None) == (expected is None), (name, metric)
            if mean is not None:
                assert mean == pytest.approx(expected, abs=tolerance), (name, metric)
