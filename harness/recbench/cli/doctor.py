"""``recbench doctor``: what this installation and this machine can do."""

import json

import click

from recbench.cli import options


@click.command(
    "doctor",
    epilog=options.examples("recbench doctor", "recbench doctor -p my_model.py"),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.plugin_option
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, plugins: tuple[str, ...]) -> None:
    """Check the installation, the hardware and the plugins.

    Exit status 3 if a plugin is left out.
    """
    from recbench import hardware
    from recbench.plugins import load
    from recbench.plugins.requirements import absent

    catalogue = load(plugins)
    machine = hardware.machine()
    devices = ["cpu", *hardware.accelerators()[0]]
    missing = {spec.name: absent(spec) for spec in catalogue.models.values()}
    facts = {
        "machine": machine,
        "devices": devices,
        "versions": hardware.versions(),
        "data": _data(),
        "plugins": [plugin.name for plugin in catalogue.plugins],
        "models": len(catalogue.models),
        "missing": {name: modules for name, modules in missing.items() if modules},
        "problems": [str(problem) for problem in catalogue.problems],
    }
    if as_json:
        click.echo(json.dumps(facts, indent=1))
    else:
        _print(facts)
    ctx.exit(3 if catalogue.problems else 0)


def _data() -> dict[str, object]:
    """Return where data sets come from here."""
    import os

    from recbench.datasets.places import cache_root

    root = cache_root()
    return {
        "cache": str(root),
        "cached": sorted(p.name for p in root.glob("*/*") if p.is_dir()),
        "RECBENCH_DATA": os.environ.get("RECBENCH_DATA", ""),
    }


def _print(facts: dict[str, object]) -> None:
    """Print the facts as lines."""
    for name, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, item in value.items():
                click.echo(f"  {key}: {_flat(item)}")
        else:
            click.echo(f"{name}: {_flat(value)}")


def _flat(value: object) -> str:
    """Return a list as a comma-separated line."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value not in ("", None) else "none"
