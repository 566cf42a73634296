"""aether up: everything, on this computer, until Ctrl-C."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from aether.cli.embedded.home import resolve_home
from aether.cli.errors import CannotRun
from aether.cli.supervisor.launch import launch
from aether.cli.supervisor.webapp import web_app_of_checkout


def up(
    port: Annotated[
        int | None, typer.Option(help="The port of the web app; the next free one if it is taken.")
    ] = None,
) -> None:
    """Start aether on this computer and keep it running until Ctrl-C."""
    home = resolve_home(os.environ, Path.cwd(), uid=os.geteuid())
    try:
        home.prepare()
        with home.lock():
            asyncio.run(launch(home, port, os.environ, web=web_app_of_checkout()))
    except CannotRun as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None
