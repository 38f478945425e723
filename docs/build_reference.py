"""Write the reference pages that follow from the code.

Run ``python docs/build_reference.py``.

With ``--check`` nothing is written; the exit status says whether a page is stale.
"""

import dataclasses
import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
CLI_HEAD = """# Command line

Results go to stdout; progress, logs and errors go to stderr.

| exit status | meaning |
|--:|:--|
| 0 | all cells ok or current |
| 1 | some cell failed, timed out, ran out of memory, crashed or was invalid |
| 2 | wrong usage or configuration |
| 3 | a plugin problem |
| 4 | nothing ran, or there is nothing to show |
| 5 | a regression, or a board that its records do not yield |
| 70 | a bug |
| 130 | interrupted |"""
PLUGINS_HEAD = """# Plugins

A plugin is a module with functions marked `@recbench.hookimpl`.
It is found through the entry-point group `recbench`, or named by `-p PATH`, `-p module`
or `$RECBENCH_PLUGINS`.

The number of this contract is `recbench_api = {api}`.

## Hooks"""
SPECS = (
    "ModelSpec",
    "DatasetSpec",
    "SplitSpec",
    "MetricSpec",
    "SuiteSpec",
    "Protocol",
    "ParamRange",
)
PROTOCOLS = (
    "Model",
    "Predictor",
    "Scorer",
    "DotProduct",
    "Recommender",
    "QueryScorer",
    "Saved",
    "Sized",
)
STATES = ("save_fitted", "load_fitted", "load_state", "save_arrays", "read_arrays")


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    """Yield every command with its help, depth first."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=80)
    context.max_content_width = 80
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from commands(found, child, context)


def cli_page() -> str:
    """Return the page of the command line."""
    from recbench.cli.main import cli

    parts = [CLI_HEAD]
    for path, text in commands(cli, "recbench"):
        parts.append(f"## {path}\n\n```text\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def plugins_page() -> str:
    """Return the page of hooks, specs and what a model may implement."""
    from recbench import hookspecs, protocols, specs, states

    parts = [PLUGINS_HEAD.format(api=specs.API_VERSION)]
    parts += [
        f"### `{name}{inspect.signature(hook)}`\n\n{_doc(hook)}"
        for name, hook in vars(hookspecs).items()
        if name.startswith("recbench_")
    ]
    parts.append("## Specs")
    parts += [f"### `{name}`\n\n{_doc(getattr(specs, name))}" for name in SPECS]
    parts.append("## What a model may implement")
    for name in PROTOCOLS:
        kind = getattr(protocols, name)
        parts += [f"### {_first(kind)}", *_methods(kind)]
    parts.append("## What a model is lent")
    for name in ("FitContext", "Queries"):
        kind = getattr(protocols, name)
        parts += [f"### `{name}`\n\n{_doc(kind)}", *_methods(kind)]
    parts.append(f"## How a model is kept\n\n{_doc(states)}")
    for name in STATES:
        function = getattr(states, name)
        shown = _signature(function, skip=0)
        parts.append(f"### `recbench.{name}{shown}`\n\n{_doc(function)}")
    return "\n\n".join(parts) + "\n"


def _methods(kind: type) -> list[str]:
    """Return the public methods of a class, each with its docstring."""
    fields = set()
    if dataclasses.is_dataclass(kind):
        fields = {field.name for field in dataclasses.fields(kind)}
    return [
        f"**`{name}{_signature(function)}`**\n\n{_doc(function)}"
        for name, function in vars(kind).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and name not in fields
    ]


def _doc(thing: object) -> str:
    """Return a docstring as text in a block that keeps its sections."""
    text = inspect.getdoc(thing) or ""
    head, _, rest = text.partition("\n\n")
    return f"{head}\n\n```text\n{rest.strip()}\n```" if rest.strip() else head


def _first(thing: object) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")


def _signature(function: object, skip: int = 1) -> str:
    """Return a signature without annotations, and without ``self``."""
    names = list(inspect.signature(function).parameters.values())  # type: ignore[arg-type]  # a function
    shown = [str(p.replace(annotation=inspect.Parameter.empty)) for p in names[skip:]]
    return f"({', '.join(shown)})"


def readme() -> str:
    """Return the README with the published board between its marks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    head, start, rest = text.partition("<!-- board: ")
    suite, close, rest = rest.partition(" -->\n")
    _, end, tail = rest.partition("<!-- /board -->")
    page = ROOT / "leaderboards" / suite / "README.md"
    if not page.exists():
        return text
    lines = page.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|"))
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[first:])
    block = "\n".join(["", *table, ""]) + "\n"
    return f"{head}{start}{suite}{close}{block}{end}{tail}"


PAGES = {
    REFERENCE / "cli.md": cli_page,
    REFERENCE / "plugins.md": plugins_page,
    ROOT / "README.md": readme,
}


def main() -> int:
    """Write or check every page."""
    stale = []
    for path, page in PAGES.items():
        text = page()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python docs/build_reference.py")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
