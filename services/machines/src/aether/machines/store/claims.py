"""Who works on what: advisory locks on one connection of each process, gone at once when the process is.

A row lock would need a connection and an open transaction for as long as a provider takes to answer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from aether.kit.postgres import AWAY

SECONDS = 2.5


class Claims:
    """This process's claims. While Postgres is away nothing can be claimed, and what was claimed is lost.

    A lost claim does no harm: whatever is done under one may be done twice with one effect.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._turn = asyncio.Lock()
        self._mine: set[str] = set()
        self._closed = False

    @asynccontextmanager
    async def held(self, what: str) -> AsyncIterator[bool]:
        """Whether this task alone, of all processes, works on `what` until the block is left."""
        # Postgres would let the same session have the same lock twice.
        if what in self._mine:
            yield False
            return
        self._mine.add(what)
        taken = False
        try:
            taken = await self._ask("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", what)
            yield taken
        finally:
            self._mine.discard(what)
            if taken:
                await self._ask("SELECT pg_advisory_unlock(hashtextextended($1, 0))", what)

    async def close(self) -> None:
        """Give up every claim; nothing can be claimed any more."""
        self._closed = True
        if self._connection is not None:
            self._connection.terminate()

    async def _ask(self, sql: str, what: str) -> bool:
        async with self._turn:
            if self._closed:
                return False
            try:
                connection = await self._connected()
                return bool(await connection.fetchval(sql, f"machines {what}"))
            except AWAY:
                if self._connection is not None:
                    self._connection.terminate()
                return False

    async def _connected(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=SECONDS, command_timeout=SECONDS)
        return self._connection
