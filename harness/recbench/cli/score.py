"""``recbench score``: any recommender's lists, in any library's metrics."""

import json

import click

from recbench.cli import options

METRICS = "precision, recall, ndcg, map, mrr, hit-rate"
ALL = "all"
EPILOG = options.examples(
    "recbench score lists.csv --truth test.csv",
    "recbench score lists.csv --truth test.csv --dialect elliot --metrics ndcg@10",
    "recbench score run.trec --truth test.qrels --dialect all --metrics ndcg@10",
)


def _parts(values: tuple[str, ...]) -> list[str]:
    """Split ``a,b`` and repeated options into one list."""
    return [part.strip() for value in values for part in value.split(",") if part]


def _cutoffs(values: tuple[str, ...]) -> list[int]:
    parts = _parts(values)
    wrong = [part for part in parts if not part.isdecimal()]
    if wrong:
        from recbench.errors import UsageError

        msg = f"--k {wrong[0]!r} is not a whole number: write --k 5,10,20"
        raise UsageError(msg)
    return [int(part) for part in parts]


@click.command("score", epilog=EPILOG)
@click.argument("lists", type=click.Path())
@click.option("--truth", type=click.Path(), required=True, help="Held-out items.")
@click.option("--seen", type=click.Path(), help="Items to drop from the lists first.")
@click.option(
    "--metrics", multiple=True, help=f"Comma-separated: {METRICS}; or ndcg@10."
)
@click.option(
    "--k", "cutoffs", multiple=True, default=("5,10,20",), help="Cut-offs: 5,10,20."
)
@click.option(
    "--dialect",
    default="recbench",
    help="recbench, recbole, elliot, warprec, lenskit, cornac, recommenders, rectools, "
    "recpack, ranx, trec_eval, implicit, omnirec, daisyrec, notebook, or all.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(  # noqa: PLR0917 - click passes every option by name
    lists: str,
    truth: str,
    seen: str | None,
    metrics: tuple[str, ...],
    cutoffs: tuple[str, ...],
    dialect: str,
    form: str,
) -> None:
    """Score LISTS against a truth, as recbench or another library defines it.

    LISTS (CSV, TSV, Parquet or TREC run) has columns user, item, and rank or score;
    the truth has user, item and rating if there is one. A user of the truth without
    rows in LISTS has an empty list.
    """
    from recbench.dialects import report
    from recbench.dialects.declared import DIALECTS
    from recbench.dialects.declared import METRICS as KNOWN
    from recbench.dialects.scores import in_dialects

    found = in_dialects(
        lists,
        truth,
        list(DIALECTS) if dialect == ALL else [dialect],
        seen=seen,
        metrics=_parts(metrics) or KNOWN,
        k=_cutoffs(cutoffs),
    )
    for remark in report.remarks(found[0]):
        click.echo(f"recbench: {remark}", err=True)
    if form == "json":
        bodies = [scores.to_dict() for scores in found]
        click.echo(json.dumps(bodies if dialect == ALL else bodies[0], indent=2))
    elif dialect == ALL:
        click.echo(report.comparison(found))
    else:
        click.echo(report.text(found[0]))
