"""FAISS: an exact inner-product index of the items, user vectors as ``.npy`` beside it.

::

    items.faiss        IndexFlatIP; where raw ids are numbers, searches return them
    item_ids.npy       raw ids by row
    users.npy          user vectors
    user_ids.npy       raw ids by row
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from recbench.serving.artefact import Artefact


def write(artefact: "Artefact", folder: Path) -> None:
    """Write index, ids and user vectors.

    FAISS knows ids as int64 only: with ids of another kind a search returns rows,
    and ``item_ids.npy`` says what they are.
    """
    index: Any = faiss.IndexFlatIP(artefact.item_vectors.shape[1])
    vectors = np.ascontiguousarray(artefact.item_vectors)
    if artefact.item_ids.dtype.kind == "i":
        index = faiss.IndexIDMap2(index)
        index.add_with_ids(vectors, artefact.item_ids.astype(np.int64))
    else:
        index.add(vectors)
    faiss.write_index(index, str(folder / "items.faiss"))
    np.save(folder / "item_ids.npy", artefact.item_ids)
    np.save(folder / "user_ids.npy", artefact.user_ids)
    np.save(folder / "users.npy", artefact.user_vectors)


def read(folder: Path) -> dict[str, Any]:
    """Return ids and vectors; those of the items come out of the index itself."""
    index: Any = faiss.read_index(str(folder / "items.faiss"))
    flat = faiss.downcast_index(index.index) if hasattr(index, "id_map") else index
    return {
        "user_ids": np.load(folder / "user_ids.npy", allow_pickle=False),
        "user_vectors": np.load(folder / "users.npy", allow_pickle=False),
        "item_ids": np.load(folder / "item_ids.npy", allow_pickle=False),
        "item_vectors": flat.reconstruct_n(0, flat.ntotal),
    }
