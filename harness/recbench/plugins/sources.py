"""What a plugin's source says, without running it."""

import functools
import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from recbench.plugins.catalogue import Plugin

IMPORT = re.compile(  # what follows `import` is looked at and not consumed
    r"^\s*(?:from\s+([\w.]+)\s+import\b(?=[ \t]*(\([^)]*\)|.*))|import\s+(.+))",
    re.MULTILINE,
)
NAMED = re.compile(  # by a string, or by what imports it
    r"""["']torch\b|recbench\.neural|"""
    r"""from\s+recbench\s+import\s+(?:[^(\n]*|\([^)]*)\bneural\b"""
)
Stamp = tuple[int, int, int]
SLOW = {"numba", "surprise"}  # to import, and of use to more than one model
WITHOUT_TORCH = {
    *sys.stdlib_module_names,
    *("numpy", "scipy", "pandas", "pyarrow", "surprise", "numba", "llvmlite"),
    *("platformdirs", "threadpoolctl", "recbench"),
}


def source_hash(plugin: Plugin) -> str:
    """Return the SHA-256 over a plugin's Python files, 64 hex digits."""
    root = _root(plugin)
    if root is None:
        return hashlib.sha256(plugin.value.encode()).hexdigest()
    digest = hashlib.sha256()
    for file in _files(root):
        name = file.relative_to(root).as_posix() if root.is_dir() else file.name
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def may_use_torch(plugin: Plugin) -> bool:
    """Return whether a plugin may come to import torch.

    It does not where all it imports is itself, or known to do without.
    """
    root = _root(plugin)
    if root is None:
        return True
    try:
        return any(_names_torch(f, _stamp(f), root.stem) for f in _files(root))
    except OSError:  # moved away meanwhile: the cell will say so
        return True


def slow_libraries(plugin: Plugin, factory: object) -> list[str]:
    """Return which of ``SLOW`` the module of a model imports, itself or by its own.

    It is a guess, by which they can be there before the model asks for them.

    Args:
        plugin: The plugin.
        factory: What its spec says: a class, or ``"package.module:Class"``.
    """
    root = _root(plugin)
    if root is None:
        return []
    module = factory.partition(":")[0] if isinstance(factory, str) else root.stem
    waiting, seen, found = [module], set[Path](), set[str]()
    while waiting:
        name = waiting.pop()
        top, _, below = name.partition(".")
        if top in SLOW:
            found.add(top)
        file = root / f"{below.replace('.', '/')}.py" if root.is_dir() else root
        if top == root.stem and file not in seen and file.is_file():
            seen.add(file)
            waiting += _imported(_text(file), package=root.stem)
    return sorted(found)


def _imported(source: str, *, package: str) -> Iterator[str]:
    """Yield the modules that a module of a flat package imports, or might."""
    for module, names, listed in IMPORT.findall(source):
        if module:
            whole = module if module[0] != "." else f"{package}{module}".rstrip(".")
            yield whole
            yield from (f"{whole}.{name}" for name in re.findall(r"\w+", names))
        else:
            found = (part.strip().partition(" ")[0] for part in listed.split(","))
            yield from filter(None, found)


@functools.cache  # asked for each cell: a plugin may be edited between two of them
def _names_torch(file: Path, _stamp: Stamp, package: str) -> bool:
    """Return whether a source imports what is not known, or names torch."""
    source = _text(file)
    if NAMED.search(source):
        return True
    tops = (name.partition(".")[0] for name in _imported(source, package=package))
    return any(top not in WITHOUT_TORCH and top != package for top in tops)


def _root(plugin: Plugin) -> Path | None:
    """Return the file or folder of a plugin, or None where it has none."""
    if plugin.kind == "path":
        return Path(plugin.value)
    spec = importlib.util.find_spec(plugin.value.partition(":")[0])
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin)
    return root.parent if root.name == "__init__.py" else root


def _files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py")) if root.is_dir() else [root]


def _stamp(file: Path) -> Stamp:
    """Return what changes with a file."""
    about = file.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
