"""The smallest whole service: it stands in for terminal, counts what it hears, and answers slowly."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aether.contracts.command import Command, Reply, served_by
from aether.contracts.event import Event, consumed_by
from aether.contracts.ids import TerminalId, new_id
from aether.contracts.machines import MachineStarted
from aether.contracts.service import Service
from aether.contracts.terminal import TerminalList, TerminalSignal
from aether.kit.http import health_routes
from aether.kit.postgres import Database
from aether.kit.service import Chassis, run
from aether.kit.settings import Settings


async def answer_slowly(_command: Command[Any], _database: Database) -> Reply:
    await asyncio.sleep(0.3)
    return TerminalList(items=[])


async def ring(event: Event, database: Database) -> None:
    """Each machine that starts makes one more event, so that the outbox has something to pass on."""
    async with database.transaction(event) as writer:
        if isinstance(event, MachineStarted):
            writer.publish(
                TerminalSignal(
                    account_id=event.account_id,
                    project_id=event.project_id,
                    terminal_id=TerminalId(new_id()),
                    kind="bell",
                )
            )


async def linger(_request: Request) -> Response:
    await asyncio.sleep(0.5)
    return PlainTextResponse("finished")


async def main() -> None:
    async with Chassis.open(Service.TERMINAL, Settings(), Path(__file__).parent / "migrations") as chassis:
        await chassis.answer(dict.fromkeys(served_by(Service.TERMINAL), answer_slowly), chassis.database)
        chassis.hear(dict.fromkeys(consumed_by(Service.TERMINAL), ring), chassis.database)
        app = Starlette(routes=[*health_routes(chassis.checks()), Route("/linger", linger)])
        await chassis.serve(app, int(sys.argv[1]))


run(main)
