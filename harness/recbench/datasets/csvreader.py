"""Reading delimited text in batches, and finding the line of a mistake."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Literal

import pyarrow as pa
import pyarrow.csv as pacsv

from recbench.datasets.codebook import BadRowError
from recbench.datasets.columns import Columns
from recbench.datasets.ingest import Ingest, RawTable
from recbench.datasets.layout import Layout, is_date, is_number, split_line
from recbench.datasets.textsource import TextSource
from recbench.errors import DataError

BLOCK = 4 << 20  # larger blocks were slower: they leave the cache
ID_TYPE = pa.dictionary(pa.int32(), pa.string())
ZONE = re.compile(r"[T ]\d.*(Z|[+-]\d\d(:?\d\d)?)$")
TimeKind = Literal["number", "date", "zoned"]
TIME_TYPES = {
    "number": pa.float64(),
    "date": pa.timestamp("us"),
    "zoned": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """What to read from which text.

    Attributes:
        source: The text.
        layout: How it is laid out.
        columns: Which of its columns to read.
        times: How times are written.
    """

    source: TextSource
    layout: Layout
    columns: Columns
    times: TimeKind = "number"

    def positions(self) -> dict[str, int]:
        """Return the position of the column of each role."""
        names = self.layout.names
        found = {
            role: getattr(self.columns, role)
            for role in ("user", "item", "rating", "timestamp")
        }
        return {r: names.index(name) for r, name in found.items() if name is not None}


def time_kind(layout: Layout, name: str | None) -> TimeKind:
    """Return how the times of a column are written, by most of its sample."""
    if name is None:
        return "number"
    values = [value.strip() for value in layout.values(name)]
    dates = [value for value in values if is_date(value)]
    if not dates or 2 * len(dates) < len(values):
        return "number"
    return "zoned" if ZONE.search(dates[0]) else "date"


def read_csv(table: CsvTable) -> RawTable:
    """Read delimited text.

    Raises:
        DataError: With the line of the first mistake, if there is one.
    """
    ingest, rows = Ingest(), 0
    try:
        for batch in _batches(table):
            ingest.add(batch)
            rows += len(batch["user"])
    except BadRowError as error:
        raise explain(table, rows, str(error), row=rows + error.row) from error
    except pa.ArrowInvalid as error:
        raise explain(table, rows, str(error)) from error
    except (OSError, EOFError, UnicodeError) as error:
        msg = f"cannot read {table.source.label}: {error}"
        raise DataError(msg) from error
    if not rows:
        msg = f"{table.source.label} has a header but no interactions below it"
        raise DataError(msg)
    return ingest.finish()


def _batches(table: CsvTable) -> Iterator[dict[str, pa.Array]]:
    layout, positions = table.layout, table.positions()
    # pyarrow splits at one character: at ":" every other column of "a::b" is empty
    doubled = layout.delimiter == "::"
    step = 2 if doubled else 1
    names = [str(n) for n in range(step * (len(layout.names) - 1) + 1)]
    chosen = {str(step * at): role for role, at in positions.items()}
    kinds = {"user": ID_TYPE, "item": ID_TYPE, "rating": pa.float64()}
    kinds["timestamp"] = TIME_TYPES[table.times]
    with table.source.open() as stream:
        reader = pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(
                column_names=names,
                skip_rows=1 if layout.header else 0,
                encoding=layout.encoding,
                block_size=BLOCK,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=":" if doubled else layout.delimiter,
                quote_char='"' if layout.quoted else False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: kinds[role] for name, role in chosen.items()},
                include_columns=list(chosen),
                decimal_point=layout.decimal,
            ),
        )
        for batch in reader:
            yield {role: batch.column(name) for name, role in chosen.items()}


def explain(
    table: CsvTable, done: int, reason: str, row: int | None = None
) -> DataError:
    """Return the error for a file that could not be read, with its line.

    The file is read once more, line by line, from the first row of the batch that
    failed; this is slow, but happens once and only after a mistake.

    Args:
        table: What was read.
        done: Rows that were fine.
        reason: What the reader said.
        row: The row at fault, if it is known.
    """
    layout, label = table.layout, table.source.label
    start = done if row is None else row
    skip = start + (1 if layout.header else 0)
    with table.source.open() as stream:
        filled = ((n, line) for n, line in _lines(stream) if line.strip())
        for number, line in islice(filled, skip, None):
            text = line.decode(layout.encoding, "replace")
            fault = _fault(
                table, split_line(text, layout.delimiter, quoted=layout.quoted)
            )
            if fault is None and row is not None:
                fault = reason
            if fault is None and "UTF8" in reason and "\ufffd" in text:
                fault = "this is not UTF-8 text"
            if fault is not None:
                return DataError(
                    f"{label}, line {number}: {fault} (in {text[:80]!r}); "
                    "mend or remove the line"
                )
    return DataError(f"{label} cannot be read: {reason}")


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a stream with their numbers, from 1; CR ends one too."""
    rest, number = b"", 0
    while chunk := stream.read(1 << 20):
        whole = rest + bytes(chunk)
        held = whole[-1:] if whole.endswith(b"\r") else b""  # its LF may follow
        text = whole[: len(whole) - len(held)].replace(b"\r\n", b"\n")
        *lines, rest = text.replace(b"\r", b"\n").split(b"\n")
        rest += held
        for line in lines:
            number += 1
            yield number, line
    for line in rest.split(b"\r"):
        number += 1
        yield number, line


def _fault(table: CsvTable, fields: tuple[str, ...]) -> str | None:
    """Return what is wrong with a row, or None."""
    names = table.layout.names
    if len(fields) != len(names):
        return f"{len(fields)} fields where {len(names)} are expected"
    for role, at in table.positions().items():
        value = fields[at].strip()
        shown = f"the {role} {value!r} (column {names[at]!r})"
        if not value:
            return f"the {role} (column {names[at]!r}) is empty"
        if role in ("user", "item"):
            continue
        if role == "timestamp" and table.times != "number":
            if not is_date(value):
                return f"{shown} is not a date like the ones before"
            continue
        plain = value.replace(",", ".") if table.layout.decimal == "," else value
        if not is_number(plain):
            comma = plain.count(",") == 1 and plain.replace(",", "").isdigit()
            return f"{shown} is not a number" + (
                ": use a decimal point" if comma else ""
            )
        if plain.strip("+-").lower() in ("nan", "inf", "infinity"):
            return f"{shown} is not a finite number"
    return None
