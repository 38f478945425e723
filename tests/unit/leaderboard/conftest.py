"""Makes the record factory importable as a fixture."""

import importlib.util
from pathlib import Path

import pytest


def _load():
    path = Path(__file__).with_name("board_factory.py")
    spec = importlib.util.spec_from_file_location("board_factory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Factory


@pytest.fixture
def factory():
    """Return a class that makes records; see ``board_factory.py``."""
    return _load()
