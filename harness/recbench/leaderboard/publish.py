"""From a store to pages: build, write, and refuse what its records do not yield."""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench import tuned
from recbench.errors import NothingRanError, PluginError, StaleBoardError, unknown_name
from recbench.leaderboard import flat, jsonboard, layout, markdown, plots
from recbench.leaderboard.board import Board, build
from recbench.leaderboard.escape import clean
from recbench.leaderboard.plots import apart
from recbench.referee.case import Search, looked_at
from recbench.results import atomic
from recbench.results.store import Store
from recbench.suites import suites_for

if TYPE_CHECKING:
    from recbench.plugins import Catalogue

INDEX = "README.md"
REMEDY = "Run `recbench leaderboard build` and commit what it writes."
SHOWN = 100  # characters of a differing line


def load(store: Store, suite: str, catalogue: "Catalogue | None" = None) -> Board:
    """Return the board that the records of a store yield.

    Args:
        store: The store.
        suite: Name of a suite.
        catalogue: What plugins offer. Where it does not know the suite, the columns
            are those of the published ``board.json``, else those of the records.

    Raises:
        NothingRanError: If the suite has no records.
    """
    board = build(
        suite,
        store.records(suite),
        store.per_user,
        layout=layout_of(store, suite, catalogue),
    )
    return dataclasses.replace(board, searches=_searches(store, board))


def _searches(store: Store, board: Board) -> dict[str, tuple[Search, ...]]:
    """Return what `recbench tune` left beside the records of a board, by model."""
    record = board.rows[0].records[0]
    try:
        found = tuned.found_at(tuned.found_beside(store.folder(board.suite)))
    except PluginError:
        return {}  # damaged: the runs that read it have said so
    return {
        model: tuple(
            (entry.params, entry.budget)
            for entry in entries
            if entry.task == record.task and looked_at(entry.budget, record)
        )
        for model, entries in found.items()
    }


def chosen(store: Store, names: Iterable[str]) -> list[str]:
    """Return the named suites that have records; all of them where none is named.

    A name may be whole (``ml-100k/rating``) or a data set (``ml-100k``).

    Raises:
        NothingRanError: If the store has no records.
        UsageError: If a name has none.
    """
    known = store.suites()
    if not known:
        msg = (
            f"there are no records under {store.root}: run `recbench run --all`, or "
            "name the folder that holds them with --out"
        )
        raise NothingRanError(msg)
    found: list[str] = []
    for name in names:
        mine = [suite for suite in known if name in (suite, suite.partition("/")[0])]
        if not mine:
            raise unknown_name("suite with records", name, known)
        found += mine
    return list(dict.fromkeys(found)) or known


def write(
    store: Store,
    suites: Sequence[str],
    catalogue: "Catalogue | None" = None,
    studio: apart.Studio | None = None,
) -> list[Board]:
    """Write page, tables and pictures of some suites, and the page over all suites.

    A file that is up to date is left alone.

    Args:
        store: The store.
        suites: Names of suites.
        catalogue: What plugins offer.
        studio: Where pictures are drawn, if it is open already.

    Returns:
        The boards.

    Raises:
        OSError: If a file cannot be written.
    """
    boards = []
    for suite in suites:
        board = load(store, suite, catalogue)
        for name, text in pages(board).items():
            _put(store.folder(suite) / name, text.encode())
        boards.append(board)
    draw([(board, store.folder(board.suite)) for board in boards], studio)
    _put(store.root / INDEX, _index(store).encode())
    return boards


def draw(
    boards: Sequence[tuple[Board, Path]], studio: apart.Studio | None = None
) -> None:
    """Write the pictures of boards into their folders where missing or stale."""
    stale = [
        (board, name, path)
        for board, folder in boards
        for name, path in picture_paths(board, folder).items()
        if not _shows(path, plots.fingerprint(board, name))
    ]
    with nullcontext(studio) if studio else closing(apart.Studio()) as place:
        drawn = place.files([(board, name) for board, name, _ in stale])
    for (_, _, path), picture in zip(stale, drawn, strict=True):
        _put(path, picture)
    for board, folder in boards:
        kept = picture_paths(board, folder).values()
        for old in (folder / "plots").glob("*.svg"):
            if old.stem in plots.TITLES and old not in kept:
                old.unlink(missing_ok=True)  # another run may have been first


def picture_paths(board: Board, folder: Path) -> dict[str, Path]:
    """Return where the pictures of a board belong, by name."""
    return {name: folder / "plots" / f"{name}.svg" for name in plots.names(board)}


def pictures(board: Board, folder: Path) -> dict[str, bytes]:
    """Return the pictures that were drawn and are not stale, by caption."""
    found = {}
    for name in plots.names(board):
        path = folder / "plots" / f"{name}.svg"
        if _shows(path, plots.fingerprint(board, name)):
            found[plots.TITLES[name]] = path.read_bytes()
    return found


def pages(board: Board) -> dict[str, str]:
    """Return the text files of a board by name."""
    drawn = {f"plots/{name}.svg": plots.TITLES[name] for name in plots.names(board)}
    return {
        "README.md": markdown.page(board, drawn),
        "board.csv": flat.render(board),
        "board.json": jsonboard.document(board),
    }


def check(
    store: Store, suites: Sequence[str], catalogue: "Catalogue | None" = None
) -> list[Board]:
    """Refuse damaged records, and any page or picture that records do not yield.

    Returns:
        The boards, all of which hold.

    Raises:
        StaleBoardError: Naming the first file, line and difference.
    """
    boards = []
    for suite in suites:
        for damage in store.damaged(suite):
            msg = f"{damage.path}: {damage.reason}. Restore or remove that file."
            raise StaleBoardError(msg)
        board = load(store, suite, catalogue)
        folder = store.folder(suite)
        for name, text in pages(board).items():
            _compare(folder / name, text)
        for name in plots.names(board):
            path = folder / "plots" / f"{name}.svg"
            if not _shows(path, plots.fingerprint(board, name)):
                what = "shows other data" if path.is_file() else "is missing"
                raise StaleBoardError(f"{path} {what}. {REMEDY}")
        boards.append(board)
    _compare(store.root / INDEX, _index(store))
    return boards


def layout_of(
    store: Store, suite: str, catalogue: "Catalogue | None"
) -> layout.Layout | None:
    """Return the columns of a suite, from the first source that knows them."""
    if catalogue is not None:
        known = dict(catalogue.suites)
        dataset = catalogue.datasets.get(suite.partition("/")[0])
        if dataset is not None:
            known = {s.name: s for s in suites_for(dataset)} | known
        if suite in known:
            return layout.from_suite(known[suite], catalogue.metrics)
    published = _document(store.folder(suite) / "board.json")
    return layout.from_json(published) if published else None


def _document(path: Path) -> dict[str, Any] | None:
    """Return a published board, or None where there is none that can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        layout.from_json(data)
        markdown.index([data])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # edited, merged or from another version: `check` will say so
    return dict(data)


def _index(store: Store) -> str:
    """Return the page over all suites that have a published board."""
    found = (_document(store.folder(s) / "board.json") for s in store.suites())
    return markdown.index([document for document in found if document])


def _compare(path: Path, expected: str) -> None:
    """Refuse a file whose text is another one."""
    if not path.is_file():
        raise StaleBoardError(f"{path} is missing. {REMEDY}")
    found = path.read_bytes().decode("utf-8", errors="replace")
    if found == expected:
        return
    pairs = itertools.zip_longest(found.split("\n"), expected.split("\n"))
    for number, (has, should) in enumerate(pairs, start=1):
        if has != should:
            msg = (
                f"{path}, line {number} is not what the records yield:\n"
                f"  found    {_line(has)}\n"
                f"  expected {_line(should)}\n{REMEDY}"
            )
            raise StaleBoardError(msg)


def _line(text: str | None) -> str:
    """Return a line for an error message."""
    return "(nothing)" if text is None else repr(clean(text, SHOWN))


def _shows(path: Path, mark: str) -> bool:
    """Return whether a picture names the hash of what it should show."""
    try:
        return mark in path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def _put(path: Path, data: bytes) -> None:
    """Write a file unless it has these bytes already."""
    if not (path.is_file() and path.read_bytes() == data):
        atomic.write(path, data)
