"""The aether command. Each command lives in a file of its own under commands/."""

import typer

from aether.cli.commands.doctor import doctor
from aether.cli.commands.up import up

app = typer.Typer(
    name="aether",
    help="Mission control for coding agents.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may be a secret
)
app.command()(up)
app.command()(doctor)

if __name__ == "__main__":
    app()
