"""``recbench compare``: two models, two folders of results, or two benchmarks."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from recbench.cli import options
from recbench.errors import NothingRanError, RegressionError, UsageError

if TYPE_CHECKING:
    from recbench.leaderboard.comparison import Line
    from recbench.leaderboard.layout import Layout
    from recbench.plugins import Catalogue

EPILOG = options.examples(
    "recbench compare ease slim --suite ml-100k/top-n",
    "recbench compare 'ncf[epochs=5]' ncf -M ndcg@10",
    "recbench compare before/leaderboards after/leaderboards",
    "recbench compare before.json after.json --fail-on 'fit>1.2' --fail-on 'rank>10%'",
)


@click.command("compare", epilog=EPILOG)
@click.argument("a")
@click.argument("b")
@click.option("--suite", "suites", multiple=True, help="Suite; default: all in common.")
@click.option("-M", "--metric", "metrics", multiple=True, help="Metric; default: all.")
@click.option(
    "--correction",
    type=click.Choice(("holm", "bh", "none")),
    default="holm",
    show_default=True,
    help="How p-values are corrected for the number of lines.",
)
@click.option(
    "--fail-on",
    "limits",
    multiple=True,
    metavar="WHAT>TIMES",
    help="Of two files of benchmarks: a group or pattern, and how many times slower "
    "it may be; exit status 5 if it is. May be repeated.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
)
@options.out_option
@options.plugin_option
def command(
    *,
    a: str,
    b: str,
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    correction: Literal["holm", "bh", "none"],
    limits: tuple[str, ...],
    style: str,
    out: Path,
    plugins: tuple[str, ...],
) -> None:
    """Compare two models, two folders of results, or two files of benchmarks.

    A and B are models of the records under --out, such as ease or 'ncf[epochs=3]',
    compared on the same splits and users; or two folders of records, of which each
    model is compared with itself; or two files that recbench bench or
    pytest-benchmark wrote.
    """
    if _is_file(a) and _is_file(b):
        _speeds(Path(a), Path(b), limits=limits, style=style)
        return
    if limits:
        msg = (
            "--fail-on compares two files of benchmarks: make them with recbench bench"
        )
        raise UsageError(msg)
    from recbench import plugins as registry
    from recbench.leaderboard import comparison_text, folders
    from recbench.leaderboard.publish import layout_of
    from recbench.results.store import Store

    catalogue = registry.load(plugins)
    if _is_store(a) and _is_store(b):

        def columns(suite: str) -> "Layout | None":
            return layout_of(Store(Path(a)), suite, catalogue)

        lines = folders.compare(
            Path(a),
            Path(b),
            columns,
            suites=suites,
            metrics=metrics,
            correction=correction,
        )
    else:
        lines = _models(
            names=(a, b),
            suites=suites,
            metrics=metrics,
            correction=correction,
            out=out,
            catalogue=catalogue,
        )
    render = comparison_text.to_json if style == "json" else comparison_text.render
    click.echo(render(lines), nl=False)


def _models(
    *,
    names: tuple[str, str],
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    correction: Literal["holm", "bh", "none"],
    out: Path,
    catalogue: "Catalogue",
) -> "list[Line]":
    """Compare two models on the suites named, or on those that have both."""
    from recbench.leaderboard import comparison, publish
    from recbench.results.store import Store

    store = Store(out)
    lines: list[Line] = []
    last: UsageError | NothingRanError | None = None
    for suite in publish.chosen(store, suites):
        try:
            lines += comparison.models(
                suite,
                store.records(suite),
                store.per_user,
                names,
                layout=publish.layout_of(store, suite, catalogue),
                metrics=metrics,
                correction=correction,
            )
        except (UsageError, NothingRanError) as error:
            if suites:
                raise
            last = error
    if not lines and last is not None:
        raise last
    return lines


def _is_store(name: str) -> bool:
    """Return whether a name is a folder that holds records."""
    path = Path(name)
    return path.is_dir() and any(path.glob("*/*/results"))


def _is_file(name: str) -> bool:
    """Return whether a name is a file of benchmarks, there or not."""
    return name.endswith(".json") or Path(name).is_file()


def _speeds(a: Path, b: Path, *, limits: tuple[str, ...], style: str) -> None:
    """Compare two files of benchmarks.

    Raises:
        RegressionError: If something became slower than a limit allows.
    """
    from recbench.bench import comparing, results, text

    wanted = [comparing.limit_of(limit) for limit in limits]
    found = comparing.compare(results.read(a), results.read(b), wanted)
    render = text.to_json if style == "json" else text.render
    click.echo(render(found), nl=False)
    if found.failed:
        raise RegressionError(text.verdict(found))
