"""How a delimited text file is laid out, found out from its first 64 KiB."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recbench.datasets.columns import ALIASES, EARLIEST, word
from recbench.datasets.part import page_title
from recbench.datasets.textsource import TextSource
from recbench.errors import DataError

DELIMITERS = ("::", "\t", ";", ",", "|", " ")
SAMPLE_LINES = 100
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a delimited text file.

    Attributes:
        delimiter: Between fields; ``::`` is the one of two characters.
        names: Names of the columns; "1", "2", ... where there is no header.
        header: Whether the first line holds the names.
        encoding: ``utf-8`` or ``latin-1``.
        decimal: ``.`` or ``,``.
        quoted: Whether ``"`` encloses fields.
        sample: The first rows.
    """

    delimiter: str
    names: tuple[str, ...]
    header: bool
    encoding: str = "utf-8"
    decimal: str = "."
    quoted: bool = False
    sample: tuple[tuple[str, ...], ...] = ()

    def values(self, name: str) -> list[str]:
        """Return the sample of one column."""
        at = self.names.index(name)
        return [row[at] for row in self.sample if len(row) > at]

    def third_is_time(self) -> bool:
        """Return whether the third of three columns looks like times."""
        if len(self.names) != 3:
            return False
        return all(_looks_like_time(row[2]) for row in self.sample if len(row) > 2)


def _looks_like_time(text: str) -> bool:
    if is_number(text):
        return float(text) >= EARLIEST
    return is_date(text)


def is_number(text: str) -> bool:
    """Return whether the text is a finite or infinite decimal number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def is_date(text: str) -> bool:
    """Return whether the text is an ISO date or time."""
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return not text.strip().isdigit()


def split_line(line: str, delimiter: str, *, quoted: bool) -> tuple[str, ...]:
    """Return the fields of one line."""
    if delimiter == "::":
        return tuple(line.split("::"))
    if not quoted:
        return tuple(line.split(delimiter))
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:  # a field without end, say
        return (line,)


def find_layout(source: TextSource) -> Layout:
    """Find out how a file is laid out.

    Raises:
        DataError: If it is empty, not text, or has no columns.
    """
    head = source.head()
    _refuse_binary(head, source.label)
    text, encoding = _decode(head)
    found = re.split("\r\n|\n|\r", text)  # what ends a line for the reader as well
    lines = [line for line in found if line.strip()][:SAMPLE_LINES]
    if not lines:
        msg = f"{source.label} is empty: there are no interactions in it"
        raise DataError(msg)
    delimiter = _delimiter(lines, source.label)
    rows = [split_line(line, delimiter, quoted=True) for line in lines]
    quoted = delimiter in ",;" or any(
        field.startswith('"') and field.endswith('"') and len(field) > 1
        for line in lines
        for field in split_line(line, delimiter, quoted=False)
    )
    header = _has_header(rows, source.label)
    names = rows[0] if header else tuple(map(str, range(1, len(rows[0]) + 1)))
    body = rows[1:] if header else rows
    if not body:
        msg = f"{source.label} has a header but no interactions below it"
        raise DataError(msg)
    comma = delimiter != "," and any(_decimal_comma(field) for r in body for field in r)
    return Layout(
        delimiter=delimiter,
        names=tuple(name.strip() for name in names),
        header=header,
        encoding=encoding,
        decimal="," if comma else ".",
        quoted=quoted and delimiter != "::",
        sample=tuple(body),
    )


def _decimal_comma(text: str) -> bool:
    whole, comma, part = text.partition(",")
    return bool(comma) and whole.lstrip("-").isdigit() and part.isdigit()


def _refuse_binary(head: bytes, label: str) -> None:
    title = page_title(head[:4096])
    if title is not None:
        msg = f"{label} is an HTML page (title {title!r}), not a table"
    elif head.startswith(UTF16):
        msg = f"{label} is UTF-16 text: save it as UTF-8"
    elif head.startswith(b"PK\x03\x04"):
        msg = (
            f"{label} is a zip archive (or a spreadsheet): take the CSV file out of it"
        )
    elif b"\0" in head:
        msg = f"{label} is not text: give a CSV, TSV or Parquet file"
    elif head.lstrip()[:1] in (b"{", b"["):
        msg = f"{label} looks like JSON: convert it to CSV or Parquet"
    else:
        return
    raise DataError(msg)


def _decode(head: bytes) -> tuple[str, str]:
    """Return the whole lines of the head as text, and the encoding."""
    cut = head if len(head) < 1 << 16 else head[: head.rfind(b"\n") + 1] or head
    try:
        return cut.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return cut.decode("latin-1"), "latin-1"


def _delimiter(lines: Sequence[str], label: str) -> str:
    """Return the delimiter that cuts most lines into the same number of fields."""
    best, best_key = "", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = Counter(len(split_line(x, delimiter, quoted=True)) for x in lines)
        width, lines_so = widths.most_common(1)[0]
        key = (round(lines_so / len(lines), 1), width)
        if width > 1 and key > best_key:
            best, best_key = delimiter, key
    if best_key[0] < 0.5:
        msg = (
            f"{label}: no columns found, as in {lines[0][:60]!r}; each line must be "
            "one interaction, its fields separated by a comma, tab, semicolon, bar "
            "or '::'"
        )
        raise DataError(msg)
    return best


def _has_header(rows: Sequence[tuple[str, ...]], label: str) -> bool:
    """Return whether the first row holds names rather than an interaction."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    first = [field.strip() for field in rows[0]]
    if any(word(field) in known and not is_number(field) for field in first):
        return True
    if any(is_number(field) or is_date(field) for field in first):
        return False
    if len(rows) > 1 and any(is_number(field) for field in rows[1]):
        return True
    msg = (
        f"{label}: cannot tell whether {', '.join(first)!r} is a header: "
        "begin the file with a line such as user,item,rating,timestamp"
    )
    raise DataError(msg)
