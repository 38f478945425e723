"""Any CSV, TSV or Parquet file of interactions as a data set."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.datasets.columns import Columns, choose
from recbench.datasets.layout import find_layout
from recbench.datasets.textsource import file_source, raw_head
from recbench.errors import UsageError
from recbench.specs import DatasetSpec, Values

if TYPE_CHECKING:
    from recbench.datasets.dataset import DataContext, Dataset
    from recbench.datasets.ingest import RawTable

ENDINGS = re.compile(
    r"(\.(csv|tsv|txt|dat|data|inter|parquet|pq|gz|bz2|zst|lz4))+$", re.IGNORECASE
)
PARQUET = b"PAR1"
VALUES = ("explicit", "counts", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """What the user says about a file; None leaves it to be found out.

    Attributes:
        columns: Per role (user, item, rating, timestamp) the name of its column.
        values: What the value column holds.
        scale: Smallest and largest rating.
    """

    columns: tuple[tuple[str, str], ...] = ()
    values: Values | None = None
    scale: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLoader:
    """Loads a file; what a spec made by :func:`spec_for_file` carries."""

    path: Path
    name: str
    options: FileOptions = FileOptions()

    @property
    def version(self) -> str:
        """Return what changes when the file or the options do."""
        state = self.path.stat()
        parts = (str(self.path), state.st_size, state.st_mtime_ns, self.options)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def __call__(self, context: "DataContext") -> "Dataset":
        """Read the file."""
        dataset = _read(self.path, self.name, self.options)
        for note in dataset.notes:
            context.log(f"{self.name}: {note}")
        return dataset


def name_for(path: Path) -> str:
    """Return a data set name made from the name of a file.

    It is never that of a built-in data set: boards of the two must not mix.
    """
    from recbench.datasets.builtin import recbench_datasets

    stem = ENDINGS.sub("", path.name) or "file"
    name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("._-")[:64].strip("._-")
    taken = {spec.name for spec in recbench_datasets()}
    return f"{name}-file" if name in taken else name or "file"


def spec_for_file(
    path: str | Path,
    *,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    values: Values | None = None,
    scale: tuple[float, float] | None = None,
) -> DatasetSpec:
    """Return the spec of a file, so that it can be used without importing it.

    Only the beginning of the file is looked at here.

    Args:
        path: A CSV, TSV or Parquet file.
        name: Name of the data set; by default made from the file's.
        columns: Per role (``user``, ``item``, ``rating``, ``timestamp``) the name of
            its column (its number where there is no header); ``none`` for no such one.
        values: What the value column holds: ``explicit``, ``counts``, ``none``.
        scale: Smallest and largest rating.

    Raises:
        DataError: If the file is missing or no table.
    """
    path = Path(path).expanduser()
    options = _options(columns, values, scale)
    found = _columns(path, options)
    has = [r + "s" for r in ("rating", "timestamp") if getattr(found, r) is not None]
    loader = FileLoader(
        path=path.resolve(), name=name or name_for(path), options=options
    )
    return DatasetSpec(
        name=loader.name,
        load=loader,
        title=path.name,
        values=values or ("explicit" if found.rating else "none"),
        scale=scale,
        licence="yours to know",
        has=tuple(has),
    )


def import_file(
    path: str | Path,
    *,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    values: Values | None = None,
    scale: tuple[float, float] | None = None,
) -> "Dataset":
    """Read a file of interactions; see :func:`spec_for_file` for the arguments.

    Columns, separator, encoding, units and the kind of the values are found out; the
    notes of the data set say what was found.

    Raises:
        DataError: If the file cannot be used, with the line where possible.
    """
    path = Path(path).expanduser()
    return _read(path, name or name_for(path), _options(columns, values, scale))


def _options(
    columns: Mapping[str, str] | None,
    values: Values | None,
    scale: tuple[float, float] | None,
) -> FileOptions:
    if values is not None and values not in VALUES:
        msg = f"unknown kind of values {values!r}: use {', '.join(VALUES)}"
        raise UsageError(msg)
    chosen = tuple(sorted((columns or {}).items()))
    return FileOptions(columns=chosen, values=values, scale=scale)


def _columns(path: Path, options: FileOptions) -> Columns:
    """Return the columns that are used of a file."""
    wanted: dict[str, str | None] = dict(options.columns)
    if raw_head(path).startswith(PARQUET):
        from recbench.datasets.parquetreader import parquet_names

        return choose(parquet_names(path), where=str(path), wanted=wanted)
    layout = find_layout(file_source(path))
    return choose(
        layout.names,
        where=str(path),
        wanted=wanted,
        numbered=not layout.header,
        third_is_time=layout.third_is_time(),
    )


def _table(path: Path, columns: Columns) -> "RawTable":
    if raw_head(path).startswith(PARQUET):
        from recbench.datasets.parquetreader import read_parquet

        return read_parquet(path, columns)
    from recbench.datasets.csvreader import CsvTable, read_csv, time_kind

    source = file_source(path)
    layout = find_layout(source)
    times = time_kind(layout, columns.timestamp)
    return read_csv(
        CsvTable(source=source, layout=layout, columns=columns, times=times)
    )


def _read(path: Path, name: str, options: FileOptions) -> "Dataset":
    from recbench.datasets.dataset import Dataset
    from recbench.datasets.duplicates import count_repeats
    from recbench.datasets.kinds import decide
    from recbench.interactions import Interactions

    columns = _columns(path, options)
    table = _table(path, columns)
    kind = decide(
        table,
        columns.rating,
        where=str(path),
        values=options.values,
        scale=options.scale,
    )
    notes = [f"columns: {columns}", *table.notes, *kind.notes]
    repeats = count_repeats(table.users, table.items, len(table.item_ids))
    if repeats:
        notes.append(f"{repeats:,} rows repeat a user-item pair; all were kept")
    return Dataset(
        name=name,
        interactions=Interactions(
            users=table.users,
            items=table.items,
            ratings=None if kind.values == "none" else table.ratings,
            timestamps=table.timestamps,
            n_users=len(table.user_ids),
            n_items=len(table.item_ids),
            scale=kind.scale,
        ),
        user_ids=table.user_ids,
        item_ids=table.item_ids,
        values=kind.values,
        source=str(path),
        licence="yours to know",
        notes=tuple(notes),
    )
