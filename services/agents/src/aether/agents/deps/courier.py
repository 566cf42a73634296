"""Carries what is due from rows to the outside: many at a time, so that a slow receiver holds up no other.

A row is claimed for a while before it is carried. Whoever carries it writes down how that went; if the process
dies before, the row is due again when the while is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from aether.kit.postgres import DatabaseAway

SLOTS = 64
POLL_SECONDS = 1.0

log = structlog.get_logger()


class Errand(Protocol):
    """Something to be carried; while it is, nothing else is claimed for its receiver."""

    @property
    def receiver(self) -> UUID: ...


ErrandT = TypeVar("ErrandT", bound=Errand)


class Courier(Generic[ErrandT]):
    """`claim(limit, busy)` takes what is due but for busy receivers; `carry` never raises but for the database."""

    def __init__(
        self,
        claim: Callable[[int, list[UUID]], Awaitable[list[ErrandT]]],
        carry: Callable[[ErrandT], Awaitable[None]],
    ) -> None:
        self._claim = claim
        self._carry = carry
        self._under_way: dict[asyncio.Task[None], UUID] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. What another process set on its way is found by polling once a second."""
        try:
            while True:
                self._wake.clear()
                if not await self.begin():
                    await self._wait()
        finally:
            for task in self._under_way:
                task.cancel()

    async def begin(self) -> int:
        """Take what is due and set out with it; how many."""
        free = SLOTS - len(self._under_way)
        if free <= 0:
            return 0
        try:
            errands = await self._claim(free, list(set(self._under_way.values())))
        except DatabaseAway:
            return 0
        for errand in errands:
            task = asyncio.create_task(self._carried(errand))
            self._under_way[task] = errand.receiver
            task.add_done_callback(self._done)
        return len(errands)

    async def arrived(self) -> None:
        """Wait for all that is under way now."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _carried(self, errand: ErrandT) -> None:
        try:
            await self._carry(errand)
        except DatabaseAway:
            log.warning("courier.not_written_down")  # it is due again by itself
        except Exception:
            log.exception("courier.failed")

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._wake.set()

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        except TimeoutError:
            return
