"""The file formats of lists and truths: CSV, TSV, Parquet, TREC run and qrels."""

import re
import warnings
from pathlib import Path

import pandas as pd

from recbench.errors import DataError

PARQUET = (".parquet", ".pq")
RUN = ("user", "q0", "item", "rank", "score", "tag")
QRELS = ("user", "iteration", "item", "rating")
NUMBER = re.compile("rank|score|prediction|rating|rel", re.IGNORECASE)
TREC_SUFFIXES = (".trec", ".run", ".res", ".qrels", ".qrel")


def read_file(path: Path) -> pd.DataFrame:
    """Read a table; text columns stay text.

    A TREC file is known by its suffix or by its six (run) or four (qrels) fields
    without a header. As trec_eval does, the rank column of a run is not read: its
    scores say the order.

    Raises:
        DataError: If the file is missing, empty or not a table.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        msg = f"{path} {what}: give a CSV, TSV, Parquet or TREC file"
        raise DataError(msg)
    try:
        return _read(path)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = f"{path} cannot be read as a table: {first}"
        raise DataError(msg) from error


def _read(path: Path) -> pd.DataFrame:
    if path.suffix in PARQUET:
        return pd.read_parquet(path)
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline()
    if not first.strip():
        msg = f"{path} is empty"
        raise DataError(msg)
    fields = first.split()
    for names in (RUN, QRELS):
        by_suffix = path.suffix in TREC_SUFFIXES and len(fields) == len(names)
        if by_suffix or _looks_trec(fields, names, first):
            return _trec(path, names)
    separator = "\t" if "\t" in first else ";" if ";" in first else ","
    with warnings.catch_warnings():
        # pandas only warns when it drops the fields that a header does not name
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return _delimited(path, separator)
        except pd.errors.ParserWarning as warning:
            msg = "rows have more fields than the first line names"
            raise ValueError(msg) from warning


def _delimited(path: Path, separator: str) -> pd.DataFrame:
    """Read names as text, each kept once, and let pandas find the numbers."""
    header = pd.read_csv(path, sep=separator, nrows=0, encoding="utf-8-sig").columns
    text = {name: "category" for name in header if not NUMBER.search(name)}
    return pd.read_csv(
        path,
        sep=separator,
        dtype=text,
        keep_default_na=False,
        index_col=False,
        low_memory=False,
        encoding="utf-8-sig",
    )


def _looks_trec(fields: list[str], names: tuple[str, ...], line: str) -> bool:
    """Return whether a first line can only be that of a headless TREC file."""
    if len(fields) != len(names) or "," in line:
        return False
    if names is RUN:
        return fields[1].upper() == "Q0" or (_number(fields[3]) and _number(fields[4]))
    return fields[1] in ("0", "Q0") and _number(fields[3])


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _trec(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    table = pd.read_csv(
        path,
        sep=r"\s+",
        names=list(names),
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        quoting=3,  # a quotation mark in a TREC file is part of a name
    )
    kept = [name for name in names if name in ("user", "item", "score", "rating")]
    return table[kept]
