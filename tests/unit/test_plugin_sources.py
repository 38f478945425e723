"""Which plugins get a process that has torch loaded: all that may come to use it."""

from pathlib import Path

import pytest

from recbench import plugins
from recbench.plugins import Plugin
from recbench.plugins.sources import may_use_torch, slow_libraries


def plugin(path: Path) -> Plugin:
    return Plugin(name=path.stem, kind="path", value=str(path))


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "import numpy as np, torch",
        "def fit():\n    import torch.nn as nn",
        "from torch import nn",
        "from recbench.neural import adam",
        "import recbench.neural",
        "from recbench import hookimpl, neural",
        "from recbench import (\n    hookimpl,\n    neural,\n)",
        'import importlib\nnn = importlib.import_module("torch.nn")',
        "import lightning  # unknown: it may",
        "from sentence_transformers import SentenceTransformer",
    ],
)
def test_a_plugin_that_may_use_torch(source, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(f"import numpy as np\n{source}\n")

    assert may_use_torch(plugin(path))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nimport scipy.sparse, math",
        "from recbench import ModelSpec, hookimpl",
        "from recbench import (\n    ModelSpec,\n    hookimpl,\n)",
        '"""Faster than torch, from recbench."""\nimport json as j',
        "from . import helpers",
        "from mine.helpers import best",
        "import surprise\nfrom collections import (\n    deque,\n)",
        "",
    ],
)
def test_a_plugin_that_does_without(source, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "__init__.py").write_text("from mine import model\n")
    (folder / "model.py").write_text(source)

    assert not may_use_torch(plugin(folder))


def test_one_file_of_a_package_is_enough(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "network.py").write_text("import torch\n")

    assert may_use_torch(plugin(folder))


def test_a_plugin_without_files_may():
    unknown = Plugin(name="odd", kind="module", value="no_such_module_anywhere")

    assert may_use_torch(unknown)


def test_what_the_built_in_plugins_are_taken_for_is_what_they_import():
    """Their sources, read by Python itself."""
    import ast
    import importlib.util

    def imported(origin: str) -> set[str]:
        names: set[str] = set()
        for file in Path(origin).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names.add(node.module or "")
        return names

    seen = set()
    for one in plugins.load().plugins:
        if not one.value.startswith("recbench_"):
            continue
        spec = importlib.util.find_spec(one.value)
        found = imported(spec.origin)
        uses = any(n.partition(".")[0] == "torch" for n in found)
        assert may_use_torch(one) == (uses or "recbench.neural" in found), one.name
        seen.add(may_use_torch(one))
    assert seen == {True, False}


def test_a_source_that_changes_is_read_again(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n")
    before = may_use_torch(plugin(path))

    path.write_text("import torch\n")

    assert not before
    assert may_use_torch(plugin(path))


def test_what_the_module_of_a_model_imports_by_its_own(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    sources = {
        "__init__": "import surprise\n",
        "plain": "import numpy as np\nfrom mine import parts\n",
        "parts": "from . import plain\n",
        "quick": "from mine import (\n    parts,\n    loops as fast,\n)\n",
        "loops": "def step():\n    import os, numba as nb\n",
        "both": "from .quick import step\nfrom mine.svd import fit\n",
        "svd": "from surprise import SVD\n",
    }
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    found = {
        name: slow_libraries(plugin(folder), f"mine.{name}:Model") for name in sources
    }

    assert found["plain"] == found["parts"] == []
    assert found["quick"] == found["loops"] == ["numba"]
    assert found["svd"] == ["surprise"]
    assert found["both"] == ["numba", "surprise"]
    assert slow_libraries(plugin(folder), "elsewhere:Model") == []


def test_a_plugin_of_one_file_is_read_whatever_its_factory(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import surprise\n")

    assert slow_libraries(plugin(path), dict) == ["surprise"]


def test_built_in_models_have_what_they_load_loaded_before():
    known = plugins.load()
    found = {
        name: slow_libraries(known.origin["models", name], spec.factory)
        for name, spec in known.models.items()
    }

    assert found["sgd-mf"] == found["ials"] == found["bpr-mf"] == ["numba"]
    assert found["svd"] == found["svd-pp"] == found["slope-one"] == ["surprise"]
    assert found["ease"] == found["ncf"] == []
