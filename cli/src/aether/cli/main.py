"""The aether command. Each command lives in a file of its own under commands/."""

import typer

from aether.cli.commands.agents import agents
from aether.cli.commands.doctor import doctor
from aether.cli.commands.exec import execute
from aether.cli.commands.keys import keys
from aether.cli.commands.login import login, logout, whoami
from aether.cli.commands.projects import projects
from aether.cli.commands.runs import runs
from aether.cli.commands.shell import shell
from aether.cli.commands.ssh_config import ssh_config
from aether.cli.commands.up import up

app = typer.Typer(
    name="aether",
    help="Mission control for coding agents.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may be a secret
)
app.command()(up)
app.command()(doctor)
app.command()(login)
app.command()(logout)
app.command()(whoami)
app.add_typer(projects)
app.add_typer(runs)
app.add_typer(agents)
app.add_typer(keys)
app.command("ssh-config")(ssh_config)
app.command()(shell)
# What follows the project is the command's own, options and all.
app.command("exec", context_settings={"allow_interspersed_args": False})(execute)

if __name__ == "__main__":
    app()
