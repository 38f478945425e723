"""The files that ``recbench new model`` writes: one model, or a whole project."""

import importlib.util
import keyword
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

import recbench
from recbench import plugins
from recbench.errors import PluginError, UsageError
from recbench.specs import check_name

TASKS = ("top-n", "rating")


def new_model(
    name: str, *, folder: Path = Path(), task: str = "top-n", package: bool = False
) -> Path:
    """Write a working model, as one file or as an installable project.

    Args:
        name: Name of the model, such as ``my-model``.
        folder: Existing folder to write into.
        task: ``top-n`` or ``rating``.
        package: Whether to write a project with entry point, tests and README.

    Returns:
        The file, or the project's folder. What exists is never overwritten.

    Raises:
        UsageError: If the name cannot be used or the target exists.
    """
    if task not in TASKS:
        msg = f"there is no template for the task {task!r}: use {' or '.join(TASKS)}"
        raise UsageError(msg)
    module = module_name(name, package=package)
    if not folder.is_dir():
        msg = f"there is no folder {folder}: create it first, or name another"
        raise UsageError(msg)
    target = folder / (name if package else f"{module}.py")
    if target.exists() or target.is_symlink():
        msg = f"{target} exists and is not overwritten: choose another name or --path"
        raise UsageError(msg)
    values = {
        "name": name,
        "task": task,
        "module": module,
        "distribution": name,
        "class_name": "".join(p.capitalize() for p in module.split("_") if p),
        "version": recbench.__version__,
    }
    contents = _project(task, module) if package else {"": f"{task}/single.py.txt"}
    try:
        _write(target, {p: _filled(t, values) for p, t in contents.items()})
    except OSError as error:
        msg = f"cannot write {target}: {error.strerror}"
        raise UsageError(msg) from error
    return target


def module_name(name: str, *, package: bool) -> str:
    """Return the Python name of a model's module.

    Raises:
        UsageError: If the name is malformed, taken, or no module could have it.
    """
    try:
        check_name("model", name)
    except PluginError as error:
        raise UsageError(str(error)) from error
    module = name.replace("-", "_").replace(".", "_")
    if not module.isidentifier() or keyword.iskeyword(module):
        why = "Python's own word" if keyword.iskeyword(module) else "a digit first"
        msg = f"no Python module can be called {module!r} ({why}): add a word before"
        raise UsageError(msg)
    catalogue = plugins.load()
    if name in catalogue.models:
        owner = catalogue.origin["models", name].name
        msg = f"the model name {name!r} is taken by plugin {owner}: choose another"
        raise UsageError(msg)
    if package and importlib.util.find_spec(module) is not None:
        msg = (
            f"a Python package {module!r} is already installed: choose another name, "
            f"such as recbench-{name}"
        )
        raise UsageError(msg)
    return module


def _project(task: str, module: str) -> dict[str, str]:
    """Return the files of a project, each with its template."""
    return {
        "pyproject.toml": "package/pyproject.toml.txt",
        "README.md": "package/README.md.txt",
        ".gitignore": "package/gitignore.txt",
        f"src/{module}/__init__.py": f"{task}/card.py.txt",
        f"src/{module}/model.py": f"{task}/model.py.txt",
        "tests/test_conformance.py": "package/test_conformance.py.txt",
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its names filled in."""
    text = files(__name__).joinpath("templates", template).read_text("utf-8")
    return Template(text).substitute(values)


def _write(target: Path, contents: Mapping[str, str]) -> None:
    """Write the files beside the target, then move them there in one step."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".recbench-") as draft:
        root = Path(draft) / target.name
        for path, text in contents.items():
            file = root / path if path else root
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        shutil.move(root, target)
