"""Parquet: ``users.parquet`` and ``items.parquet`` with the columns id and vector."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from recbench.serving.artefact import Artefact


def write(artefact: "Artefact", folder: Path) -> None:
    """Write two tables; a vector is a list of float32 of fixed length."""
    for name, ids, vectors in (
        ("users", artefact.user_ids, artefact.user_vectors),
        ("items", artefact.item_ids, artefact.item_vectors),
    ):
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
        lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
        column = ids.astype(object) if ids.dtype.kind == "U" else ids
        table = pa.table({"id": pa.array(column), "vector": lists})
        pq.write_table(table, folder / f"{name}.parquet")


def read(folder: Path) -> dict[str, Any]:
    """Return ids and vectors."""
    found: dict[str, Any] = {}
    for name in ("user", "item"):
        table = pq.read_table(folder / f"{name}s.parquet").combine_chunks()
        ids = table.column("id")
        text = pa.types.is_string(ids.type)
        found[f"{name}_ids"] = (
            np.array(ids.to_pylist(), dtype=np.str_) if text else ids.to_numpy()
        )
        lists = table.column("vector")
        flat = lists.combine_chunks().flatten().to_numpy()
        found[f"{name}_vectors"] = flat.reshape(len(table), lists.type.list_size)
    return found
