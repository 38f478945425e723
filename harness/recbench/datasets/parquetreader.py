"""Reading the columns of a Parquet file in batches."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recbench.datasets.codebook import BadRowError
from recbench.datasets.columns import Columns
from recbench.datasets.ingest import Ingest, RawTable
from recbench.errors import DataError

BATCH = 1 << 20
ROLES = ("user", "item", "rating", "timestamp")


def parquet_names(path: Path) -> tuple[str, ...]:
    """Return the names of the columns.

    Raises:
        DataError: If the file is not Parquet or damaged.
    """
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    why = str(error).splitlines()[0]
    return DataError(f"{path} is not a Parquet file that can be read: {why}")


def read_parquet(path: Path, columns: Columns) -> RawTable:
    """Read the chosen columns.

    Raises:
        DataError: With the row of the first mistake, if there is one.
    """
    names = {r: getattr(columns, r) for r in ROLES if getattr(columns, r) is not None}
    ingest, rows = Ingest(), 0
    try:
        for batch in _batches(path, names):
            ingest.add(batch)
            rows += len(batch["user"])
    except BadRowError as error:
        msg = f"{path}, row {rows + error.row + 1:,}: {error}; mend or remove the row"
        raise DataError(msg) from error
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0]
        msg = f"{path} cannot be read, after row {rows:,}: {why}"
        raise DataError(msg) from error
    if not rows:
        msg = f"{path} holds no interactions"
        raise DataError(msg)
    return ingest.finish()


def _batches(path: Path, names: dict[str, str]) -> Iterator[dict[str, pa.Array]]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        for role, name in names.items():
            _check(path, role, name, schema.field(name).type)
        for batch in file.iter_batches(BATCH, columns=list(names.values())):
            yield {
                role: _plain(batch.column(name), role) for role, name in names.items()
            }


def _check(path: Path, role: str, name: str, kind: pa.DataType) -> None:
    """Refuse a column of a type that cannot hold what its role needs."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    types = pa.types
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    text = types.is_string(kind) or types.is_large_string(kind)
    allowed = {
        "user": number or text,
        "item": number or text,
        "rating": number or types.is_boolean(kind),
        "timestamp": number or types.is_timestamp(kind) or types.is_date(kind),
    }
    if not allowed[role]:
        msg = f"{path}: column {name!r} holds {kind}, which cannot serve as {role}"
        raise DataError(msg)


def _plain(column: pa.Array, role: str) -> pa.Array:
    """Return a column in one of the few types that ingestion knows."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if role in ("rating", "timestamp"):
        return column.cast(pa.uint8()) if pa.types.is_boolean(kind) else column
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        fraction = pc.not_equal(pc.floor(column), column)
        row = pc.index(fraction, pa.scalar(value=True)).as_py()
        if row >= 0:
            reason = f"{column[row].as_py()} is no {role} id: not a whole number"
            raise BadRowError(row, reason)
        return column.cast(pa.int64())  # ids read by pandas beside a missing value
    return column.cast(pa.string())
