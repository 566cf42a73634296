"""What handlers, requests and sockets of this process may touch."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import structlog

from aether.contracts.event import Event
from aether.contracts.problem import Unavailable
from aether.files.deps.journal import Journal
from aether.files.deps.ports import Hand
from aether.files.deps.visits import Condition, Latest, Reason, Turns, Visits
from aether.files.store import journal, uploads
from aether.kit.postgres import Database, Reader, Writer
from aether.kit.revocations import Revocations

HOUSEKEEPING_SECONDS = 600.0

T = TypeVar("T")
log = structlog.get_logger()


@dataclass
class Files:
    """The hands in the machines, the journal, and who is being served."""

    database: Database
    hand: Hand
    requests_per_project: int = 64
    watchers_per_project: int = 64
    uploads_per_project: int = 2_000
    journal_days: int = 90
    revocations: Revocations = field(default_factory=Revocations)
    searches: Turns = field(default_factory=Turns)
    sending: Latest = field(default_factory=Latest)

    def __post_init__(self) -> None:
        self.journal = Journal(self.database)
        self.requests = Visits(self.requests_per_project)
        self.watchers = Visits(self.watchers_per_project)
        self._tasks: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        async with self.database.reading() as reader:
            yield reader

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        async with self.database.transaction(cause) as writer:
            yield writer

    def cut(self, condition: Condition, reason: Reason) -> None:
        """End every request and every socket with such a grant."""
        self.requests.cut(condition, reason)
        self.watchers.cut(condition, reason)

    async def surely(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that goes on to its end even if whoever asked for it has gone."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def keep_house(self) -> None:
        """Until cancelled: forget uploads that have expired and entries of the journal that are old."""
        while True:
            try:
                await self.clear_old(datetime.now(UTC))
            except Unavailable:
                log.warning("files.housekeeping_put_off")
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def clear_old(self, now: datetime) -> None:
        async with self.transaction() as db:
            await uploads.delete_expired(db, now)
            await journal.delete_older(db, now - timedelta(days=self.journal_days))

    async def close(self) -> None:
        """The process ends, and no request is left: write what waits, and let go of the machines."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        await self.journal.finish()
        await self.hand.close()
