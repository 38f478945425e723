"""The one call behind ``recbench verify``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recbench import plugins
from recbench.claims import find
from recbench.claims.claim import Effort
from recbench.claims.ledger import Ledger, Outcome
from recbench.claims.measuring import Bench
from recbench.claims.page import page
from recbench.claims.verify import outcomes, verify
from recbench.datasets.places import cache_root
from recbench.results import atomic
from recbench.runner.plan import Rerun

PUBLISHED = "recbench.claims.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verifying did.

    Attributes:
        outcomes: Of the chosen claims, in the order of their files.
        page: The page that was written.
    """

    outcomes: list[Outcome]
    page: Path


def verify_claims(
    names: Sequence[str] = (),
    *,
    efforts: Sequence[Effort] = ("quick", "minutes"),
    out: Path = Path("docs/claims.md"),
    records: Path | None = None,
    extra: Sequence[str] = (),
    jobs: int = 1,
    rerun: Rerun = "none",
    timeout: float | None = 3600.0,
    measure: bool = True,
    log: Callable[[str], None] = lambda _line: None,
) -> Verified:
    """Measure claims and write the page of all of them.

    Args:
        names: Plugins, data sets, sources, ``claims.toml`` files or claims; nothing
            means all.
        efforts: How much work may be done; a claim named in full is always measured.
        out: The page; what was measured is kept beside it as JSON.
        records: Folder of the runner's records; None for one in the user's cache.
        extra: Plugins to load besides the installed ones.
        jobs: Cells at once.
        rerun: Which cells with a record to run again.
        timeout: Longest time of a cell in seconds.
        measure: Whether to measure, or only to write the page again.
        log: Takes lines for the person who waits.

    Raises:
        RecbenchError: If a file or a name cannot be used.
    """
    catalogue = plugins.load([PUBLISHED, *extra])
    files = [Path(name) for name in names if name.endswith(".toml")]
    everything = find.stated(catalogue, files)
    chosen = find.choose(everything.claims, names, efforts)
    ledger = Ledger.open(out.with_suffix(".json"))
    bench = Bench(
        catalogue=catalogue,
        records=records or cache_root() / "claims",
        jobs=jobs,
        timeout=timeout,
        rerun=rerun,
        log=log,
    )

    def write() -> None:
        known = outcomes(everything.claims, ledger, catalogue)
        text = page(known, everything.left_out)
        out.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(out, text.encode())

    found: list[Outcome] = []
    try:
        if measure:
            found.extend(verify(chosen, bench, ledger))
        else:
            found.extend(outcomes(chosen, ledger, catalogue))
    finally:
        write()
    return Verified(outcomes=found, page=out)
