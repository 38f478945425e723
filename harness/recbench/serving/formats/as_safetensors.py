"""safetensors: one file of tensors, which loads without running any code.

It holds ``user_vectors``, ``item_vectors``, ``user_ids`` and ``item_ids``. A tensor
holds no text: ids of that kind are the bytes of all ids in UTF-8, one after another,
with ``user_ids.offsets`` saying where each begins.
"""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from recbench.datasets.dataset import Ids

if TYPE_CHECKING:
    from recbench.serving.artefact import Artefact

FILE = "vectors.safetensors"


def write(artefact: "Artefact", folder: Path) -> None:
    """Write the tensors, with what they mean in the file's own metadata."""
    tensors: dict[str, NDArray[Any]] = {
        "user_vectors": np.ascontiguousarray(artefact.user_vectors),
        "item_vectors": np.ascontiguousarray(artefact.item_vectors),
        **_packed("user_ids", artefact.user_ids),
        **_packed("item_ids", artefact.item_ids),
    }
    known = artefact.manifest
    told = [key for key in ("recbench", "metric", "model") if key in known]
    about: dict[str, str] = {key: str(known[key]) for key in told}
    save_file(tensors, str(folder / FILE), metadata=about)


def read(folder: Path) -> dict[str, Any]:
    """Return ids and vectors."""
    tensors = load_file(str(folder / FILE))
    return {
        "user_ids": _unpacked("user_ids", tensors),
        "user_vectors": tensors["user_vectors"],
        "item_ids": _unpacked("item_ids", tensors),
        "item_vectors": tensors["item_vectors"],
    }


def _packed(name: str, ids: Ids) -> dict[str, NDArray[Any]]:
    """Return ids as tensors."""
    if ids.dtype.kind != "U":
        return {name: np.ascontiguousarray(ids, dtype=np.int64)}
    encoded = [text.encode() for text in ids.tolist()]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    joined = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return {name: joined, f"{name}.offsets": offsets}


def _unpacked(name: str, tensors: dict[str, NDArray[Any]]) -> Ids:
    """Return the ids that ``_packed`` made tensors of."""
    offsets = tensors.get(f"{name}.offsets")
    if offsets is None:
        return tensors[name]
    data = tensors[name].tobytes()
    texts = [data[a:b].decode() for a, b in pairwise(offsets.tolist())]
    return np.array(texts, dtype=np.str_)
