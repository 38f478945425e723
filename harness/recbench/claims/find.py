"""Finding the ``claims.toml`` of every plugin, and choosing among their claims."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from recbench.claims.claim import Claim, Effort
from recbench.claims.read import Stated, read
from recbench.errors import DataError, unknown_name
from recbench.plugins import Catalogue, Plugin

FILE = "claims.toml"


def beside(plugin: Plugin) -> Path | None:
    """Return the ``claims.toml`` beside a plugin, or None where there is none."""
    if plugin.kind == "path":
        root = Path(plugin.value)
    else:
        spec = importlib.util.find_spec(plugin.value.partition(":")[0])
        if spec is None or spec.origin is None:
            return None
        root = Path(spec.origin)
    folder = root if root.is_dir() else root.parent
    path = folder / FILE
    return path if path.is_file() else None


def stated(catalogue: Catalogue, files: Sequence[Path] = ()) -> Stated:
    """Return what all plugins, and files besides, state.

    Raises:
        DataError: If a file cannot be read, or two claims have one name.
    """
    found: dict[Path, str] = {}
    for plugin in catalogue.plugins:
        path = beside(plugin)
        if path is not None:
            found.setdefault(path.resolve(), plugin.name)
    for path in files:
        found.setdefault(path.resolve(), path.parent.name)
    parts = [read(path, name) for path, name in found.items()]
    claims: dict[str, Claim] = {}
    for claim in (c for part in parts for c in part.claims):
        if claim.name in claims:
            other = claims[claim.name].file
            msg = f"{claim.file}: claim {claim.name!r} stands in {other} already"
            raise DataError(msg)
        claims[claim.name] = claim
    left_out = tuple(entry for part in parts for entry in part.left_out)
    return Stated(claims=tuple(claims.values()), left_out=left_out)


def choose(
    claims: Sequence[Claim], names: Sequence[str], efforts: Sequence[Effort]
) -> list[Claim]:
    """Return the claims that are meant, in the order of their files.

    Args:
        claims: All claims.
        names: Plugins, data sets, sources, files or claims; nothing means all.
        efforts: How much work may be; a claim named in full may be any.

    Raises:
        UsageError: For a name that nothing answers to.
    """
    answers: dict[str, set[str]] = {}
    for claim in claims:
        own = {claim.plugin, claim.dataset, claim.source.name, claim.name}
        own |= {str(claim.file.resolve()), claim.name.partition("/")[0]}
        for word in own:
            answers.setdefault(word, set()).add(claim.name)
    chosen: set[str] = set()
    for name in names:
        word = str(Path(name).resolve()) if name.endswith(".toml") else name
        if word not in answers:
            raise unknown_name("plugin, data set or claim", name, answers)
        chosen |= answers[word]
    exact = {claim.name for claim in claims} & set(names)
    return [
        claim
        for claim in claims
        if claim.name in exact
        or (claim.effort in efforts and (not names or claim.name in chosen))
    ]
