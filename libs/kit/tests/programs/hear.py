"""A consumer that can be killed: writes one row for each event, in the transaction that holds the inbox key."""

import asyncio
import sys
from typing import Any

from aether.contracts import catalog
from aether.contracts.event import consumed_by
from aether.contracts.machines import MachineStarted
from aether.contracts.service import Service
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.postgres import Database


async def main(nats_url: str, database_url: str) -> None:
    assert catalog.EVENTS
    async with (
        Bus.connect(nats_url, Service.TERMINAL) as bus,
        Database.connect(database_url, "terminal") as database,
    ):

        async def take_effect(event: MachineStarted, _deps: Any) -> None:
            async with database.transaction(event) as writer:
                await writer.execute(
                    "INSERT INTO terminal.effect (event_id, project_id, generation) VALUES ($1, $2, $3)",
                    event.event_id,
                    event.project_id,
                    event.generation,
                )

        await Ear(bus, database, dict.fromkeys(consumed_by(Service.TERMINAL), take_effect), None).run()


asyncio.run(main(*sys.argv[1:]))
