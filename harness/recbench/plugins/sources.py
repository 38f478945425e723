"""What a plugin's source says, without running it."""

import hashlib
import importlib.util
import re
import sys
from pathlib import Path

from recbench.plugins.catalogue import Plugin

IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\b|import\s+(.+))", re.MULTILINE)
NAMED = re.compile(  # by a string, or by what imports it
    r"""["']torch\b|recbench\.neural|"""
    r"""from\s+recbench\s+import\s+(?:[^(\n]*|\([^)]*)\bneural\b"""
)
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
    known = WITHOUT_TORCH | {root.stem}
    try:
        return any(_names_torch(_text(file), known) for file in _files(root))
    except OSError:  # moved away meanwhile: the cell will say so
        return True


def _names_torch(source: str, known: set[str]) -> bool:
    """Return whether a source imports what is not known, or names torch."""
    if NAMED.search(source):
        return True
    for module, listed in IMPORT.findall(source):
        for part in [module] if module else listed.split(","):
            name = part.strip().partition(" ")[0].partition(".")[0]
            if name and name not in known:  # "" is the start of a relative import
                return True
    return False


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


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
