"""``recbench leaderboard``: boards from records."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recbench.cli import options
from recbench.errors import DataError, UsageError

if TYPE_CHECKING:
    from recbench.leaderboard.board import Board

FORMATS = ("text", "markdown", "html", "csv", "json", "latex")


EPILOG = options.examples(
    "recbench leaderboard build",
    "recbench leaderboard show ml-100k/top-n --format json",
    "recbench leaderboard check        exits 5 if a page is not what records yield",
)


@click.group("leaderboard", epilog=EPILOG)
def command() -> None:
    """Build, show and check leaderboards.

    A board is a function of the records under --out and nothing else. To merge the
    results of several people or machines, copy their folders over each other.
    """


@command.command(
    "build",
    epilog=options.examples(
        "recbench leaderboard build",
        "recbench leaderboard build ml-100k --out ../theirs",
    ),
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.out_option
@options.plugin_option
def build(suites: tuple[str, ...], out: Path, plugins: tuple[str, ...]) -> None:
    """Write page, tables and pictures of suites, and the page over all of them."""
    from recbench import plugins as registry
    from recbench.leaderboard import publish
    from recbench.results.store import Store

    store = Store(out)
    chosen = publish.chosen(store, suites)
    with _writing(out):
        boards = publish.write(store, chosen, registry.load(plugins))
    for board in boards:
        click.echo(store.folder(board.suite) / "README.md")
    click.echo(store.root / publish.INDEX)


@command.command(
    "show",
    epilog=options.examples(
        "recbench leaderboard show ml-100k/top-n",
        "recbench leaderboard show ml-100k/top-n --format json",
    ),
)
@click.argument("suite")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to print it; json is one array of rows.",
)
@options.out_option
@options.plugin_option
def show(suite: str, style: str, out: Path, plugins: tuple[str, ...]) -> None:
    """Print the board of a suite."""
    from recbench import plugins as registry
    from recbench.leaderboard import publish
    from recbench.results.store import Store

    store = Store(out)
    catalogue = registry.load(plugins)
    names = publish.chosen(store, [suite])
    if len(names) > 1 and style not in ("text", "markdown"):
        msg = f"{suite} names several suites, and {style} shows one: {', '.join(names)}"
        raise UsageError(msg)
    for name in names:
        board = publish.load(store, name, catalogue)
        click.echo(_rendered(board, style, store.folder(name)), nl=False)


@command.command(
    "check",
    epilog=options.examples(
        "recbench leaderboard check", "recbench leaderboard check ml-100k/rating"
    ),
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.out_option
@options.plugin_option
def check(suites: tuple[str, ...], out: Path, plugins: tuple[str, ...]) -> None:
    """Refuse damaged records, and pages that the records do not yield (exit 5)."""
    from recbench import plugins as registry
    from recbench.leaderboard import publish
    from recbench.results.store import Store

    store = Store(out)
    chosen = publish.chosen(store, suites)
    for board in publish.check(store, chosen, registry.load(plugins)):
        n = len(board.rows)
        click.echo(f"{board.suite}: {f'{n} rows hold' if n > 1 else '1 row holds'}")


@command.command("plots", epilog=options.examples("recbench leaderboard plots ml-100k"))
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.out_option
@options.plugin_option
def plots(suites: tuple[str, ...], out: Path, plugins: tuple[str, ...]) -> None:
    """Draw the pictures of suites, without writing their pages."""
    from recbench import plugins as registry
    from recbench.leaderboard import publish
    from recbench.results.store import Store

    store = Store(out)
    catalogue = registry.load(plugins)
    boards = [
        (publish.load(store, suite, catalogue), store.folder(suite))
        for suite in publish.chosen(store, suites)
    ]
    with _writing(out):
        publish.draw(boards)
    for board, folder in boards:
        for path in publish.picture_paths(board, folder).values():
            click.echo(path)


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Say in one line what kept a file from being written."""
    try:
        yield
    except OSError as error:
        msg = f"{error.filename or out} cannot be written: {error.strerror}"
        raise DataError(msg) from error


@command.command(
    "robustness",
    epilog=options.examples(
        "recbench leaderboard robustness ml-100k/top-n",
        "recbench leaderboard robustness ml-100k/top-n -M ndcg -M map",
    ),
)
@click.argument("suite")
@click.option("-M", "--metric", "metrics", multiple=True, help="Metric, such as map.")
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
)
@options.out_option
@options.plugin_option
def robustness(
    suite: str,
    metrics: tuple[str, ...],
    style: str,
    out: Path,
    plugins: tuple[str, ...],
) -> None:
    """Say how stable a board's order is over metrics, cut-offs, users and splits."""
    from recbench import plugins as registry
    from recbench.leaderboard import publish
    from recbench.results.store import Store
    from recbench.robustness import report
    from recbench.robustness.measured import robustness as measure
    from recbench.runner.rescore import Rescorer

    store, catalogue = Store(out), registry.load(plugins)
    rescorer = Rescorer(catalogue, store, lambda line: click.echo(line, err=True))
    render = {"text": report.text, "markdown": report.page, "json": report.to_json}
    for name in publish.chosen(store, [suite]):
        board = publish.load(store, name, catalogue)
        found = measure(board, rescorer, metrics=metrics)
        click.echo(render[style](found), nl=False)


def _rendered(board: "Board", style: str, folder: Path) -> str:
    """Return a board in one of the formats."""
    import shutil

    from recbench.leaderboard import flat, html, jsonboard, latex, markdown, publish
    from recbench.leaderboard import text as plain

    if style == "text":
        return plain.render(board, max(80, shutil.get_terminal_size().columns))
    if style == "html":
        return html.page(board, publish.pictures(board, folder))
    render = {
        "markdown": markdown.page,
        "csv": flat.render,
        "json": jsonboard.rows,
        "latex": latex.render,
    }[style]
    return render(board)
