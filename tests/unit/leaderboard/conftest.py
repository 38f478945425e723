"""Makes the record factory importable as fixtures."""

import importlib.util
from pathlib import Path

import pytest


def _module():
    path = Path(__file__).with_name("board_factory.py")
    spec = importlib.util.spec_from_file_location("board_factory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def factory():
    """Return a class that makes records; see ``board_factory.py``."""
    return _module().Factory


@pytest.fixture(scope="session")
def stored():
    """Return a function that puts a factory's records into a store."""
    return _module().stored
