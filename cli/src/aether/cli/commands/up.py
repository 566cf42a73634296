"""aether up: everything, on this computer, until Ctrl-C."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from aether.cli.doctor import Finding, examine
from aether.cli.embedded.home import Home, HomeInUse, HomeNotOurs, HomeUnreachable, resolve_home
from aether.cli.embedded.ports import PortBook
from aether.cli.embedded.postgres import InitdbFailed
from aether.cli.embedded.runtime import RuntimeUnreachable
from aether.cli.supervisor.composition import WEB_PORT, Composition, Ports
from aether.cli.supervisor.job import JobFailed
from aether.cli.supervisor.part import PartFailed
from aether.cli.supervisor.processes import end_leftovers
from aether.cli.supervisor.screen import Screen, screen_for
from aether.cli.supervisor.supervisor import PROVISION, WEB, Supervisor
from aether.cli.supervisor.webapp import web_app_of_checkout
from aether.contracts.service import Service

# What a person running aether does not miss; `aether doctor` tells of these too.
NOT_MISSED_HERE = {"chromium", "docker"}

REFUSALS = (
    HomeInUse,
    HomeNotOurs,
    HomeUnreachable,
    InitdbFailed,
    JobFailed,
    PartFailed,
    RuntimeUnreachable,
)


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
            asyncio.run(_run(home, port))
    except REFUSALS as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None


async def _run(home: Home, port: int | None) -> None:
    began = time.monotonic()
    leftovers = await asyncio.to_thread(end_leftovers, home.processes)
    composition = Composition(home, Ports.chosen(PortBook(home.ports), port), os.environ)
    screen = screen_for([WEB, "postgres", "nats", PROVISION, *Service])
    if leftovers:
        screen.say(f"ended what an earlier aether left running: {', '.join(leftovers)}")
    examining = asyncio.create_task(asyncio.to_thread(examine))

    async def tell_ready() -> None:
        screen.settle()
        _tell_port(screen, composition, port or WEB_PORT)
        for finding in await examining:
            _tell_lack(screen, finding)
        screen.say(f"aether is ready at {composition.url} ({time.monotonic() - began:.1f} s). Ctrl-C stops it.")

    await Supervisor(composition, web_app_of_checkout(), screen).run(tell_ready)


def _tell_port(screen: Screen, composition: Composition, wanted: int) -> None:
    port = composition.ports.services[Service.GATEWAY]
    if port != wanted:
        screen.say(f"Port {wanted} is or was taken by another program, so aether uses {port}.")


def _tell_lack(screen: Screen, finding: Finding) -> None:
    if not finding.found and finding.name not in NOT_MISSED_HERE:
        screen.say(f"no {finding.name}: {finding.changes}")
