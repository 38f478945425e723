"""The seeded cases and stored peers' values, shared with ``tests/peers``."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

PEERS = Path(__file__).resolve().parents[2] / "peers"
sys.path.insert(0, str(PEERS))


@pytest.fixture(scope="session")
def golden():
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((PEERS / "golden").glob("*.json"))
    }


@pytest.fixture(scope="session")
def tables():
    from peer_cases import cases

    made = {}
    for name, case in cases().items():
        lists = pd.DataFrame(case.lists, columns=["user", "item", "rank", "score"])
        truth = pd.DataFrame(case.truth, columns=["user", "item", "rating"])
        made[name] = (lists.dropna(axis=1, how="all"), truth)
    return made
