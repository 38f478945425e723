"""Options that several commands share, and the values they take."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

plugin_option = click.option(
    "-p",
    "--plugin",
    "plugins",
    multiple=True,
    metavar="PATH|MODULE",
    help="Load a plugin from a file, a folder or a module. May be repeated.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("leaderboards"),
    show_default=True,
    help="Folder of records and pages.",
)


def leave_cores_to_cells() -> None:
    """Give this process one thread, before it loads NumPy; the user's wish goes first.

    Threads of a BLAS that have nothing to do wait busily, on a core that a cell needs.
    """
    from recbench.hardware import thread_limits

    for name, threads in thread_limits(1).items():
        os.environ.setdefault(name, threads)


def examples(*lines: str, status: str = "") -> str:
    """Return the end of a help text: examples, one a line, not wrapped.

    Args:
        lines: The examples.
        status: What exit codes mean, a paragraph of its own.
    """
    text = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
    return f"{text}\n\nExit status: {status}" if status else text


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds written as ``3``, ``0-4`` or ``0,2,7``."""

    name = "seeds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the seeds, each once, in the order given."""
        if isinstance(value, tuple):
            return value
        seeds: list[int] = []
        for part in str(value).split(","):
            low, dash, high = part.strip().partition("-")
            if not _is_number(low) or (dash and not _is_number(high)):
                self.fail(f"{value!r}: write 3, 0-4 or 0,2,7", param, ctx)
            first, last = int(low), int(high or low)
            if last < first or last - first > 10_000 or last >= 2**31:
                self.fail(f"{value!r}: the range {part} is not usable", param, ctx)
            seeds += range(first, last + 1)
        return tuple(dict.fromkeys(seeds))


def _is_number(text: str) -> bool:
    """Return whether text is a number that an integer can be read from."""
    return text.isascii() and text.isdigit() and len(text) <= 12


class Duration(click.ParamType[float]):
    """A time written as ``90``, ``90s``, ``30m`` or ``2h``; seconds as a float."""

    name = "duration"
    units = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}  # noqa: RUF012 - never changed

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        text = str(value).strip().lower()
        unit = self.units.get(text[-1:], 1.0)
        number = text.rstrip("smhd") if text[-1:] in self.units else text
        try:
            seconds = float(number) * unit
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < 1e9:
            self.fail(f"{value!r}: write 90s, 30m or 2h", param, ctx)
        return seconds


class Size(click.ParamType[int]):
    """An amount of memory written as ``512MiB``, ``8GiB`` or ``2e9``; bytes."""

    name = "size"
    units = (("kib", 2**10), ("mib", 2**20), ("gib", 2**30), ("tib", 2**40), ("b", 1))

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return bytes."""
        text = str(value).strip().lower()
        number, unit = text, 1
        for ending, factor in self.units:
            if text.endswith(ending):
                number, unit = text.removesuffix(ending), factor
                break
        try:
            size = float(number) * unit
        except ValueError:
            size = -1.0
        if not 1 <= size < 2**60:
            self.fail(f"{value!r}: write 512MiB or 8GiB", param, ctx)
        return int(size)


def complete_names(kind: str) -> Callable[..., list[str]]:
    """Return a completion callback over the names of one kind."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[str]:
        del ctx, param
        from recbench import plugins

        names = getattr(plugins.load(), kind)
        return sorted(name for name in names if name.startswith(incomplete))

    return complete


def run_options(function: F) -> F:
    """Add the options that ``run`` and ``plan`` share."""
    options = [
        click.argument(
            "suites",
            nargs=-1,
            metavar="[SUITE]...",
            shell_complete=complete_names("suites"),
        ),
        click.option(
            "--all",
            "everything",
            is_flag=True,
            help="Every model in every default suite.",
        ),
        click.option(
            "-m",
            "--model",
            "models",
            multiple=True,
            metavar="MODEL[params]",
            shell_complete=complete_names("models"),
            help="A model; parameters in brackets: 'ncf[epochs=3]'. May be repeated.",
        ),
        click.option(
            "-d",
            "--dataset",
            metavar="NAME|FILE",
            help="A data set by name, or a CSV, TSV or Parquet file of interactions.",
        ),
        click.option(
            "--seeds",
            type=Seeds(),
            default="0",
            show_default=True,
            help="Split seeds, such as 0-4; the model seed is the same.",
        ),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda", "mps"]),
            default="auto",
            show_default=True,
            help="Where models train.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(1, 1024),
            default=1,
            show_default=True,
            help="Threads of each cell.",
        ),
        click.option(
            "--rerun",
            type=click.Choice(["none", "failed", "stale", "all"]),
            help="Which cells with a record to run again.  [default: those recorded "
            "elsewhere]",
        ),
        click.option(
            "--quick",
            is_flag=True,
            help="A smoke test on 150 users, on boards of its own.",
        ),
        plugin_option,
        out_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function
