"""``recbench results``: the records themselves."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recbench.cli import options, tables
from recbench.errors import DataError, NothingRanError

if TYPE_CHECKING:
    from recbench.results.record import Record
    from recbench.results.store import Store


@click.group(
    "results",
    epilog=options.examples(
        "recbench results list ml-100k",
        "recbench results merge ../theirs",
        "recbench results validate",
    ),
)
def command() -> None:
    """List, show, merge, validate and export records."""


def open_store(out: Path) -> "Store":
    """Open a store that has records.

    Raises:
        NothingRanError: If it has none.
    """
    from recbench.results.store import Store

    store = Store(out)
    if not store.suites():
        msg = f"there are no records under {out}: name their folder with --out"
        raise NothingRanError(msg)
    return store


def _chosen(store: "Store", suite: str | None) -> list[str]:
    """Return the suites to read.

    Raises:
        UsageError: If the suite has no records.
    """
    from recbench.errors import unknown_name

    if suite is None:
        return store.suites()
    if suite not in store.suites():
        raise unknown_name("suite with records", suite, store.suites())
    return [suite]


@command.command(
    "list",
    epilog=options.examples(
        "recbench results list", "recbench results list ml-100k/top-n --attempts"
    ),
)
@click.argument("suite", required=False)
@click.option("--attempts", is_flag=True, help="Every attempt, not only what counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.out_option
def list_(suite: str | None, attempts: bool, as_json: bool, out: Path) -> None:
    """List the records of a suite, or of all."""
    store = open_store(out)
    read = store.attempts if attempts else store.records
    records = [r for name in _chosen(store, suite) for r in read(name)]
    if as_json:
        entries = [
            {
                "name": f"{r.suite} {r.label} seed {r.split.get('seed')}",
                "key": r.key,
                "status": r.status,
                "message": r.message,
                "seconds": r.seconds,
                "metrics": {n: f.value for n, f in r.metrics.items()},
            }
            for r in records
        ]
        click.echo(json.dumps(entries, indent=1))
        return
    rows = [
        (r.key[:10], r.suite, r.label, r.split.get("seed"), r.status, r.message)
        for r in records
    ]
    click.echo(tables.text(("key", "suite", "model", "seed", "status", "note"), rows))


def find(store: "Store", key: str) -> "Record":
    """Return the record whose key starts with ``key``.

    Raises:
        DataError: If none or several do.
    """
    found = [
        r
        for name in store.suites()
        for r in store.records(name)
        if r.key.startswith(key)
    ]
    if len(found) == 1:
        return found[0]
    msg = f"{len(found)} records have a key that starts with {key!r}: see results list"
    raise DataError(msg)


@command.command("show", epilog=options.examples("recbench results show 3f2a"))
@click.argument("key")
@options.out_option
def show(key: str, out: Path) -> None:
    """Show one record, by the start of its KEY, as JSON."""
    import msgspec

    record = find(open_store(out), key)
    click.echo(json.dumps(msgspec.to_builtins(record), indent=1))


@command.command(
    "merge",
    epilog=options.examples(
        "recbench results merge ../theirs/leaderboards",
        "recbench results merge a b --out all",
    ),
)
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)
)
@options.out_option
def merge(sources: tuple[Path, ...], out: Path) -> None:
    """Copy the records of other folders into --out; what is there already stays."""
    from recbench.results.merge import merge as copy

    for source in sources:
        copied, present, refused = copy(source, out)
        click.echo(f"{source}: {copied} copied, {present} already there")
        for damage in refused:
            click.echo(f"recbench: left out {damage.path}: {damage.reason}", err=True)


@command.command(
    "validate",
    epilog=options.examples(
        "recbench results validate", "recbench results validate --out ../theirs"
    ),
)
@click.argument("suite", required=False)
@options.out_option
@click.pass_context
def validate(ctx: click.Context, /, suite: str | None, out: Path) -> None:
    """Check every record and blob against its hash; exit status 1 if one is bad."""
    store = open_store(out)
    bad = 0
    for name in _chosen(store, suite):
        damaged = store.damaged(name)
        bad += len(damaged)
        for damage in damaged:
            click.echo(f"{damage.path}: {damage.reason}")
        click.echo(f"{name}: {len(store.attempts(name))} records, {len(damaged)} bad")
    ctx.exit(1 if bad else 0)


@command.command(
    "export",
    epilog=options.examples(
        "recbench results export > results.csv",
        "recbench results export ml-100k/rating --format json",
    ),
)
@click.argument("suite", required=False)
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv")
@options.out_option
def export(suite: str | None, form: str, out: Path) -> None:
    """Print one line per record and metric, for a spreadsheet or another tool."""
    store = open_store(out)
    rows = [
        {
            "suite": r.suite,
            "model": r.label,
            "split_seed": r.split.get("seed"),
            "seed": r.seed,
            "status": r.status,
            "metric": name,
            "value": figure.value,
            "fit_seconds": r.seconds.get("fit"),
            "score_seconds": r.seconds.get("score"),
            "peak_mib": r.peak_mib,
            "device": r.device,
            "key": r.key,
        }
        for suite_name in _chosen(store, suite)
        for r in store.records(suite_name)
        for name, figure in (r.metrics.items() or {"": _NO_FIGURE}.items())
    ]
    if form == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


class _NoFigure:
    """Stands in for the figures of a record that has none."""

    value = None


_NO_FIGURE = _NoFigure()
