"""Which records were made here, by this user on this machine."""

import functools
import os
import secrets
from pathlib import Path

from recbench.datasets.places import cache_root

NAME = "installation"


def installation() -> str:
    """Return a random name, made once and kept beside the cached data.

    It tells records made here from records that came from elsewhere, with a clone or
    by a merge, and says nothing about the machine or the user.
    """
    return _named(cache_root())


@functools.cache
def _named(root: Path) -> str:
    """Return the name kept in a folder, or one for this process if it cannot be."""
    path, made = root / NAME, secrets.token_hex(8)
    try:
        root.mkdir(parents=True, exist_ok=True)
        mine = root / f"{NAME}.{made}"
        mine.write_text(made, encoding="ascii")
        try:
            os.link(mine, path)  # whoever is first wins, and readers see whole names
        except FileExistsError:
            pass
        finally:
            mine.unlink()
        return path.read_text(encoding="ascii").strip() or made
    except OSError:
        return made
