"""From a home to a running aether, told to a person on the way."""

import asyncio
import os
import time
from collections.abc import Mapping

from aether.cli.doctor import Finding, examine
from aether.cli.embedded.home import Home
from aether.cli.embedded.ports import PortBook
from aether.cli.supervisor.composition import WEB_PORT, Composition, Ports
from aether.cli.supervisor.processes import end_leftovers
from aether.cli.supervisor.screen import Screen, screen_for
from aether.cli.supervisor.supervisor import PROVISION, WEB, Supervisor
from aether.cli.supervisor.watchdog import NAME as WATCHDOG
from aether.cli.supervisor.webapp import WebApp
from aether.contracts.service import Service

# What a person running aether does not miss; `aether doctor` tells of these too.
NOT_MISSED_HERE = {"chromium", "docker"}


async def launch(
    home: Home,
    port: int | None,
    environ: Mapping[str, str],
    *,
    web: WebApp | None,
    compose: type[Composition] = Composition,
) -> None:
    """Run aether on a home whose lock is held, until a signal says stop.

    Raises PartFailed, JobFailed, InitdbFailed or RuntimeUnreachable if it cannot be started.
    """
    began = time.monotonic()
    # What must be closed is closed by name; the rest other uids must be able to read.
    os.umask(0o022)
    leftovers = await asyncio.to_thread(end_leftovers, home.processes)
    book = PortBook(home.ports)
    wanted = port or book.last("gateway") or WEB_PORT
    composition = compose(home, Ports.chosen(book, wanted), environ)
    screen = screen_for([WEB, "postgres", "nats", PROVISION, *Service])
    if parts := [name for name in leftovers if name != WATCHDOG]:
        screen.say(f"ended what an earlier aether left running: {', '.join(parts)}")
    examining = asyncio.create_task(asyncio.to_thread(examine))

    async def tell_ready() -> None:
        screen.settle()
        _tell_port(screen, composition, wanted)
        for finding in await examining:
            _tell_lack(screen, finding)
        screen.say(f"aether is ready at {composition.url} ({time.monotonic() - began:.1f} s). Ctrl-C stops it.")

    await Supervisor(composition, web, screen).run(tell_ready)


def _tell_port(screen: Screen, composition: Composition, wanted: int) -> None:
    port = composition.ports.services[Service.GATEWAY]
    if port != wanted:
        screen.say(f"Port {wanted} is taken by another program, so aether uses {port}.")


def _tell_lack(screen: Screen, finding: Finding) -> None:
    if not finding.found and finding.name not in NOT_MISSED_HERE:
        screen.say(f"no {finding.name}: {finding.changes}")
