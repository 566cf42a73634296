"""Postgres: a pool, and two types of connection, so that a function says whether it writes."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from aether.contracts.event import Event
from aether.contracts.problem import Unavailable
from aether.kit import trace

Record = asyncpg.Record
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Record]"

# What asyncpg raises when the server is away, restarting or frozen; a statement's own faults are not among them.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


class AlreadyHandled(Exception):
    """The inbox has this event: its effect is in the database, so it is acknowledged and left."""


class Reader:
    """A connection that only reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
        return await self._connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        return await self._connection.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return await self._connection.fetchval(sql, *arguments)


class Writer(Reader):
    """A connection inside a transaction. What it publishes goes out if, and only if, that commits."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.published: list[Event] = []

    async def execute(self, sql: str, *arguments: Any) -> str:
        return await self._connection.execute(sql, *arguments)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self._connection.executemany(sql, rows)

    def publish(self, *events: Event) -> None:
        """Put facts into the outbox, in the transaction that made them true."""
        self.published.extend(events)


class Database:
    """One service's database: its pool, and the schema that is its own."""

    def __init__(self, pool: "asyncpg.Pool[Record]", schema: str) -> None:
        self.pool = pool
        self.schema = schema
        self.on_publish: list[Callable[[], None]] = []

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, schema: str, *, size: int = 10, timeout: float = 2.5
    ) -> AsyncIterator["Database"]:
        """`timeout` bounds each statement in seconds, so that a frozen server is noticed before people are."""
        pool = await asyncpg.create_pool(
            url, min_size=1, max_size=size, command_timeout=timeout, timeout=timeout, init=_codecs
        )
        try:
            yield cls(pool, schema)
        finally:
            pool.terminate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A connection without a transaction. Raises Unavailable while the server is away."""
        async with self._acquired() as connection:
            yield Reader(connection)

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        """One transaction: the inbox key of `cause`, the effect, and the events that follow from it.

        Raises AlreadyHandled if `cause` has had its effect, Unavailable while the server is away.
        """
        async with self._acquired() as connection:
            async with connection.transaction():
                if cause is not None:
                    await self._note(connection, cause)
                writer = Writer(connection)
                yield writer
                await self._put_out(connection, writer.published)
            if writer.published:
                for wake in self.on_publish:
                    wake()

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        try:
            connection = await self.pool.acquire(timeout=2.5)
        except AWAY as error:
            raise Unavailable("The database does not answer. Try again in a moment.") from error
        try:
            yield connection
        except AWAY as error:
            raise Unavailable("The database stopped answering. Try again in a moment.") from error
        finally:
            await self._release(connection)

    async def _release(self, connection: Connection) -> None:
        try:
            await self.pool.release(connection, timeout=1)
        except AWAY:
            # The server died under this connection; the pool makes a new one in its place.
            connection.terminate()

    async def _note(self, connection: Connection, cause: Event) -> None:
        fresh = await connection.fetchval(
            f"""
            INSERT INTO "{self.schema}".inbox (event_id, subject) VALUES ($1, $2)
            ON CONFLICT DO NOTHING RETURNING true""",
            cause.event_id,
            cause.subject,
        )
        if not fresh:
            raise AlreadyHandled(str(cause.event_id))

    async def _put_out(self, connection: Connection, events: list[Event]) -> None:
        if not events:
            return
        headers = trace.headers()
        await connection.executemany(
            f"""
            INSERT INTO "{self.schema}".outbox (event_id, subject, data, headers)
            VALUES ($1, $2, $3, $4)""",
            [(e.event_id, e.subject, e.model_dump_json().encode(), headers) for e in events],
        )


async def _codecs(connection: "asyncpg.Connection[Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
