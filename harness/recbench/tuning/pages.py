"""Tuning reports for the command line: found by name, printed or written."""

import json
from collections.abc import Sequence
from pathlib import Path

from recbench.errors import DataError, NothingRanError, unknown_name
from recbench.results import atomic
from recbench.tuning import text
from recbench.tuning.report import build
from recbench.tuning.trial import Trials

PAGE, PICTURE = "README.md", "expected-best.svg"


def open_trials(out: Path) -> Trials:
    """Return the trials below a folder.

    Raises:
        NothingRanError: If there are none.
    """
    trials = Trials(out)
    if not trials.suites():
        msg = (
            f"there are no trials under {out}: run `recbench tune SUITE --trials 20`, "
            "or name the folder that holds them with --out"
        )
        raise NothingRanError(msg)
    return trials


def chosen(trials: Trials, names: Sequence[str]) -> list[str]:
    """Return the named suites that have trials; all of them where none is named.

    Raises:
        UsageError: If a name has none.
    """
    known = trials.suites()
    found: list[str] = []
    for name in names:
        mine = [suite for suite in known if name in (suite, suite.partition("/")[0])]
        if not mine:
            raise unknown_name("suite with trials", name, known)
        found += mine
    return list(dict.fromkeys(found)) or known


def shown(trials: Trials, suites: Sequence[str], style: str) -> str:
    """Return the reports of suites as ``text``, ``markdown`` or ``json``."""
    reports = [build(trials, suite) for suite in suites]
    if style == "json":
        data = [json.loads(text.to_json(report)) for report in reports]
        return json.dumps(data, indent=1) + "\n"
    render = text.to_markdown if style == "markdown" else text.render
    return "\n".join(render(report) for report in reports)


def write(trials: Trials, suites: Sequence[str]) -> list[Path]:
    """Write page and plot of suites beside their trials.

    Returns:
        The paths.

    Raises:
        DataError: If one cannot be written.
    """
    from recbench.tuning import plot

    paths = []
    for suite in suites:
        report, folder = build(trials, suite), trials.folder(suite)
        files = {
            PAGE: text.to_markdown(report, PICTURE).encode(),
            PICTURE: plot.file(report),
        }
        for name, data in files.items():
            try:
                atomic.write(folder / name, data)
            except OSError as error:
                msg = f"cannot write {folder / name}: {error.strerror}"
                raise DataError(msg) from error
            paths.append(folder / name)
    return paths
