"""``recbench data``: fetch, list, verify and import data sets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recbench.cli import options, tables
from recbench.errors import DataError, UsageError, unknown_name

if TYPE_CHECKING:
    from recbench.specs import DatasetSpec

EPILOG = options.examples(
    "recbench data list",
    "recbench data fetch ml-100k",
    "recbench data import ratings.csv --name shop",
    "recbench data verify",
)

IMPORTING = options.examples(
    "recbench data import ratings.csv",
    "recbench data import log.parquet --name shop --user customer --rating none",
    "recbench run -d shop -m ease",
)


def _say(line: str) -> None:
    """Print a line of progress."""
    click.echo(line, err=True)


def _specs(plugins: tuple[str, ...]) -> "dict[str, DatasetSpec]":
    """Return all data sets by name: those of plugins, then the imported ones."""
    from recbench.datasets.imported import imported_specs
    from recbench.plugins import load

    catalogue = load(plugins)
    for problem in catalogue.problems:
        _say(f"recbench: left out: {problem}")
    found = dict(catalogue.datasets)
    for spec in imported_specs():
        found.setdefault(spec.name, spec)
    return found


def _chosen(
    names: tuple[str, ...], specs: "dict[str, DatasetSpec]"
) -> "list[DatasetSpec]":
    for name in names:
        if name not in specs:
            raise unknown_name("data set", name, specs)
    return [specs[name] for name in names]


@click.group("data", epilog=EPILOG)
def command() -> None:
    """Fetch, list, verify and import data sets."""


@command.command(
    "fetch",
    epilog=options.examples(
        "recbench data fetch ml-100k ml-1m", "recbench data fetch ml-100k --offline"
    ),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--offline", is_flag=True, help="Open no connection.")
@options.plugin_option
def fetch(names: tuple[str, ...], offline: bool, plugins: tuple[str, ...]) -> None:
    """Bring data sets into the cache and say which source served."""
    from recbench.datasets.store import open_dataset

    for spec in _chosen(names, _specs(plugins)):
        found = open_dataset(spec, offline=offline, log=_say)
        table = found.interactions
        click.echo(
            f"{found.name}: {len(table):,} interactions of {table.n_users:,} users and "
            f"{table.n_items:,} items\n  source: {found.source}\n"
            f"  fingerprint: {found.fingerprint()}"
        )


@command.command("list", epilog=options.examples("recbench data list"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.plugin_option
def list_(as_json: bool, plugins: tuple[str, ...]) -> None:
    """List the data sets and whether each is in the cache."""
    from recbench.datasets.places import cache_root, is_stored

    root = cache_root()
    specs = sorted(_specs(plugins).values(), key=lambda spec: spec.name)
    entries = [(spec, is_stored(spec, root)) for spec in specs]
    if as_json:
        found = [_as_data(spec, cached=cached) for spec, cached in entries]
        click.echo(json.dumps(found, indent=1))
        return
    head = ("name", "interactions", "users", "items", "values", "cached", "title")
    rows = []
    for spec, cached in entries:
        size = [f"{n:,}" for n in spec.size] if spec.size else ["", "", ""]
        yes = "yes" if cached else ""
        rows.append((spec.name, *size, spec.values, yes, spec.title))
    click.echo(tables.text(head, rows))


def _as_data(spec: "DatasetSpec", *, cached: bool) -> dict[str, Any]:
    rows, users, items = spec.size or (None, None, None)
    return {
        "name": spec.name,
        "title": spec.title,
        "interactions": rows,
        "users": users,
        "items": items,
        "values": spec.values,
        "scale": spec.scale,
        "has": spec.has,
        "licence": spec.licence,
        "citation": spec.citation,
        "url": spec.url,
        "cached": cached,
    }


@command.command(
    "verify",
    epilog=options.examples("recbench data verify", "recbench data verify ml-100k"),
)
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.plugin_option
def verify(names: tuple[str, ...], plugins: tuple[str, ...]) -> None:
    """Check every byte of cached data sets (all of them by default).

    A damaged one is made again when it is next used; an imported one must be
    imported again.
    """
    from recbench.datasets.store import verify_cached

    specs = _specs(plugins)
    found = [verify_cached(spec) for spec in _chosen(names or tuple(specs), specs)]
    shown = [v for v in found if names or v.state != "absent"]
    rows = [(v.name, v.state, v.detail) for v in shown]
    click.echo(tables.text(("name", "state", "fingerprint"), rows))
    bad = [v for v in shown if v.state != "ok"]
    if bad:
        listed = ", ".join(f"{v.name} ({v.state})" for v in bad)
        fetch_again = " ".join(v.name for v in bad)
        msg = f"not in order: {listed}; run recbench data fetch {fetch_again}"
        raise DataError(msg)


class Scale(click.ParamType["tuple[float, float]"]):
    """A rating scale written ``1,5``."""

    name = "scale"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Return smallest and largest rating."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = map(float, str(value).split(","))
        except ValueError:
            self.fail(f"{value!r}: write SMALLEST,LARGEST such as 1,5", param, ctx)
        return low, high


@command.command("import", epilog=IMPORTING)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the data set; by default made from the file's.")
@click.option("--user", metavar="COLUMN", help="Column of users.")
@click.option("--item", metavar="COLUMN", help="Column of items.")
@click.option("--rating", metavar="COLUMN", help="Column of ratings, or none.")
@click.option("--timestamp", metavar="COLUMN", help="Column of times, or none.")
@click.option(
    "--values",
    type=click.Choice(["explicit", "counts", "none"]),
    help="What the ratings are.",
)
@click.option("--scale", type=Scale(), metavar="LOW,HIGH", help="Scale of the ratings.")
@click.option("--replace", is_flag=True, help="Replace an imported one of that name.")
def import_(
    file: Path,
    name: str | None,
    values: Any,  # noqa: ANN401 - one of the choices above
    scale: tuple[float, float] | None,
    replace: bool,
    **columns: str | None,
) -> None:
    """Import a CSV, TSV or Parquet file of interactions under a name.

    Columns, separator and the kind of values are found out and shown; each can be
    stated. In a file without a header the columns are called 1, 2, 3, ...
    """
    from recbench.datasets.files import import_file
    from recbench.datasets.importing import check_free, name_of, store_imported

    taken = {n for n, s in _specs(()).items() if not hasattr(s.load, "imported")}
    chosen = name_of(file, name)
    if chosen in taken:
        msg = f"{chosen!r} is the name of another data set: give one with --name"
        raise UsageError(msg)
    check_free(chosen, replace=replace)
    given = {role: column for role, column in columns.items() if column is not None}
    found = import_file(file, name=chosen, columns=given, values=values, scale=scale)
    for note in found.notes:
        _say(f"{chosen}: {note}")
    store_imported(found)
    table = found.interactions
    click.echo(
        f"imported {chosen}: {len(table):,} interactions of {table.n_users:,} users "
        f"and {table.n_items:,} items; use it with: recbench run -d {chosen}"
    )
