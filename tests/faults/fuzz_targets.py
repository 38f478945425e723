"""Readers of what others wrote, each as a function of bytes that must not fail oddly.

A target returns nothing; it raises only where a reader breaks its promise. The same
functions serve Hypothesis (``test_fuzz.py``) and atheris (``fuzz.py``).
"""

import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from faulty_view import write_small

from recbench.cli.options import Duration, Seeds, Size
from recbench.errors import DataError, RecbenchError
from recbench.params import complete, label, parse_model
from recbench.results import blobs, canonical
from recbench.results.store import Store
from recbench.runner import handed, view
from recbench.runner.progress import Progress
from recbench.runner.supervise import Outcome
from recbench.specs import ModelSpec

KEY = "a" * 64


def store(data: bytes) -> None:
    """A record file of any content is a record, or damage with a reason."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "toy" / "top-n" / "results" / KEY
        place.mkdir(parents=True)
        (place / f"{hashlib.sha256(data).hexdigest()}.json").write_bytes(data)
        held = Store(Path(folder))
        records, damage = held.attempts("toy/top-n"), held.damaged("toy/top-n")
        assert len(records) == 1 or damage[0].reason
        for record in records:
            canonical.encode(record)
            for blob in record.blobs:
                try:
                    held.arrays(record, blob)
                except DataError:
                    continue


def nearly_a_record(data: bytes) -> None:
    """A record in which one field is something else."""
    sample = Path(__file__).parents[1] / "formats" / "schema-1"
    [path] = sample.glob("sample/rating-quick/results/*/*.json")
    found = json.loads(path.read_bytes()) | {"key": KEY, "suite": "toy/top-n"}
    name = list(found)[data[0] % len(found)] if data else "key"
    try:
        found[name] = json.loads(data[1:])
    except (ValueError, RecursionError):
        found[name] = data[1:].decode(errors="replace")
    store(json.dumps(found).encode())


def blob(data: bytes) -> None:
    """A blob of any content is arrays, or an error that names it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blob.npz"
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = blobs.read(path)
            except DataError:
                return
        assert all(isinstance(array, np.ndarray) for array in found.values())


def view_folder(data: bytes) -> None:
    """A file of a view of any content is an error of the ordinary kind, or read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_small(folder)
        files = sorted(folder.iterdir())
        number = data[0] if data else 0
        files[number % len(files)].write_bytes(data[1:])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                view.read(folder)
            except (OSError, ValueError, KeyError, TypeError, EOFError, RecbenchError):
                return
            except (SyntaxError, IndexError, AttributeError, OverflowError):
                return  # what NumPy raises for headers that are no headers


def result(data: bytes) -> None:
    """A result of any content is nothing, or clean and ready for a record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "result.json").write_bytes(data)
        found = handed.result(folder, "t")
        assert found == {} or found["status"] in handed.CLAIMS
        canonical.encode(found)


def nearly_a_result(data: bytes) -> None:
    """A result with the right token and anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = data.decode(errors="replace")
    fields = ("message", "traceback", "seconds", "n_parameters", "peak_mib", "retry")
    found = {"token": "t", "status": "ok"} | dict.fromkeys(fields, value)
    result(json.dumps(found).encode())


def events(data: bytes) -> None:
    """Events of any content leave an outcome that a record can hold."""
    outcome, told = Outcome(), []
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(data)
        file.seek(0)
        Progress(file, outcome, told.append).read(last=True)
    canonical.encode(outcome.curves)
    canonical.encode(told)
    assert outcome.phase in ("prepare", "load", "fit", "score")


def text(data: bytes) -> None:
    """Cleaned text has no control characters, fits, and can be encoded."""
    given = data.decode("utf-8", errors="surrogateescape")
    for end in (False, True):
        found = handed.clean(given, 50, end=end)
        assert len(found) <= 50
        assert all(c.isprintable() or c in "\n\t" for c in found)
        found.encode()


SPEC = ModelSpec(name="m", factory="a:B", tasks=("rating",))


def model(data: bytes) -> None:
    """A model with parameters of any text is read, or an error says what to write."""
    given = data.decode(errors="replace")
    try:
        name, params = parse_model(given)
        complete(SPEC, "rating", params)
        label(SPEC, "rating", params)
    except RecbenchError:
        return
    assert isinstance(name, str)


def option(kind: click.ParamType) -> Callable[[bytes], None]:
    """Return the target for the text of one kind of option."""

    def target(data: bytes) -> None:
        try:
            found = kind.convert(data.decode(errors="replace"), None, None)
        except click.BadParameter:
            return
        assert found is not None
        numbers = found if isinstance(found, tuple) else (found,)
        assert all(number >= 0 for number in numbers)

    return target


TARGETS: dict[str, Callable[[bytes], None]] = {
    "store": store,
    "nearly-a-record": nearly_a_record,
    "blob": blob,
    "view": view_folder,
    "result": result,
    "nearly-a-result": nearly_a_result,
    "events": events,
    "text": text,
    "model": model,
    "seeds": option(Seeds()),
    "duration": option(Duration()),
    "size": option(Size()),
}

SEEDS = {
    "store": [b'{"schema": 1}', b"[" * 5000, b'{"schema":1,"key":"\\ud800"}', b"\xff"],
    "nearly-a-record": [b"\x00[[[]]]", b"\x051e400", b"\x09" + b"[" * 3000],
    "blob": [b"PK\x05\x06" + b"\0" * 18, blobs.encode({"a": np.arange(3)})],
    "view": [b"\x00\x93NUMPY\x01\x00", b"\x01{}", b"\x02"],
    "result": [b'{"token": "t", "status": "ok"}', b"[" * 9000, b"1" * 5000],
    "nearly-a-result": [b"1e999", b"[" * 500, b'"\\ud800"', b"1" * 400, b"true"],
    "events": [
        b'{"phase":"fit"}\n{"epoch":1,"loss":NaN}\n',
        b'{"epoch":1e999,"phase":1}\n',
    ],
    "text": [b"\x1b[31mred\x1b]0;t\x07", b"\xe2\x80\xae", b"\xff" * 60, b"\r\n\r"],
    "model": [b"m[a=((((", b"m[a={[]:1}]", b"m[" + b"(" * 3000 + b"]", b"m['\\d'=1]"],
    "seeds": ["²".encode(), b"0-4", b"1,,2", b"-", b"9" * 5000],
    "duration": [b"30m", b"nan", b"infs", b"1e400", b"-1", b"s"],
    "size": [b"8GiB", b"nan", b"1e400b", b"kib", b"-1"],
}
