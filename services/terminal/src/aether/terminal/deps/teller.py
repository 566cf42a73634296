"""Facts that no transaction of their own waits for: gathered, and put into the outbox a few at a time."""

import asyncio
from collections import deque

from aether.contracts.event import Event
from aether.contracts.problem import Unavailable
from aether.kit.postgres import Database

WAITING = 1000  # while Postgres is away the oldest are let go
BATCH = 100
RETRY_SECONDS = 0.5


class Teller:
    """For signs of life and signals, which are worth little an hour later."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[Event] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()

    def tell(self, event: Event) -> None:
        self._waiting.append(event)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._put_out([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])

    async def _put_out(self, events: list[Event]) -> None:
        try:
            async with self._database.transaction() as writer:
                writer.publish(*events)
        except Unavailable:
            self._waiting.extendleft(reversed(events))
            await asyncio.sleep(RETRY_SECONDS)
