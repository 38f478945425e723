"""The formats of exported vectors, one module each: ``write`` and ``read``."""

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from recbench.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from recbench.serving.artefact import Artefact

NEEDS = {"faiss": "faiss", "safetensors": "safetensors", "parquet": "pyarrow"}
FORMATS = tuple(NEEDS)


class Format(Protocol):
    """A module that writes and reads one format."""

    def write(self, artefact: "Artefact", folder: Path) -> None:
        """Write ids and vectors into a folder; the manifest is not its business."""
        ...

    def read(self, folder: Path) -> dict[str, Any]:
        """Return ``user_ids``, ``user_vectors``, ``item_ids`` and ``item_vectors``."""
        ...


def load(form: str) -> Format:
    """Return the module of a format.

    Raises:
        UsageError: If there is no such format, or its package is not installed.
    """
    if form not in NEEDS:
        raise unknown_name("format", form, NEEDS)
    if importlib.util.find_spec(NEEDS[form]) is None:
        msg = (
            f"format {form!r} needs the module {NEEDS[form]!r}: "
            "pip install 'recbench-harness[ann]', or take --format parquet"
        )
        raise UsageError(msg)
    module: Any = importlib.import_module(f"{__name__}.as_{form}")
    found: Format = module
    return found
