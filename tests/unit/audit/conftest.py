"""Stores for the referee, each made once and copied for whoever wants to spoil it."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest


def _module():
    if "audit_world" not in sys.modules:
        path = Path(__file__).with_name("audit_world.py")
        spec = importlib.util.spec_from_file_location("audit_world", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["audit_world"] = module
        spec.loader.exec_module(module)
    return sys.modules["audit_world"]


@pytest.fixture(scope="session")
def worlds():
    """Return the module of the test worlds."""
    return _module()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    # every world calls its data set "tiny", whatever it holds
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def made(worlds, tmp_path_factory):
    world = worlds.World(tmp_path_factory.mktemp("made") / "out")
    for suite in world.suites.values():
        world.run(suite)
    return world


@pytest.fixture
def world(worlds, made, tmp_path):
    """Return a world whose store holds three seeds of every baseline."""
    shutil.copytree(made.root, tmp_path / "out")
    return worlds.World(tmp_path / "out", catalogue=made.catalogue)
