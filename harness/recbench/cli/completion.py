"""``recbench completion``: the script that completes names in a shell."""

import click

from recbench.cli import options


@click.command(
    "completion",
    epilog=options.examples(
        'eval "$(recbench completion bash)"',
        "recbench completion fish > ~/.config/fish/completions/recbench.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    For bash: eval "$(recbench completion bash)"
    """
    from click.shell_completion import get_completion_class

    from recbench.cli.main import cli

    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli, {}, "recbench", "_RECBENCH_COMPLETE").source())
