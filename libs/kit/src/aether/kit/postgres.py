"""Postgres: a pool, and two types of connection, so that a function says whether it writes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
import asyncpg.transaction

from aether.contracts.event import Event
from aether.contracts.problem import Unavailable
from aether.kit import trace

T = TypeVar("T")
Record = asyncpg.Record
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Record]"

# A statement and the wait for a connection together: a frozen server is noticed within three seconds.
STATEMENT_SECONDS = 1.9
ACQUIRE_SECONDS = 0.9

# What asyncpg raises when the server is away, restarting or frozen; a statement's own faults are not among them.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # of a connection that is closed; of an open one it is our own fault
    asyncpg.InternalClientError,  # the server died between two parts of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


class DatabaseAway(Unavailable):
    """Postgres is gone, starting, frozen, or too busy to be waited for. Whether a commit arrived is not known."""


class AlreadyHandled(Exception):
    """The inbox has this event: its effect is in the database, so it is acknowledged and left."""


class Reader:
    """A connection that only reads. Every method raises DatabaseAway if the server does not answer in time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
        return await _answered(self._connection, self._connection.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        return await _answered(self._connection, self._connection.fetchrow(sql, *arguments))

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return await _answered(self._connection, self._connection.fetchval(sql, *arguments))


class Writer(Reader):
    """A connection inside a transaction. What it publishes goes out if, and only if, that commits."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.published: list[Event] = []

    async def execute(self, sql: str, *arguments: Any) -> str:
        return await _answered(self._connection, self._connection.execute(sql, *arguments))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await _answered(self._connection, self._connection.executemany(sql, rows))

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
        cls, url: str, schema: str, *, size: int = 10, timeout: float = STATEMENT_SECONDS
    ) -> AsyncIterator["Database"]:
        """`timeout` bounds each statement in seconds, so that a frozen server is noticed before people are."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            command_timeout=timeout,
            timeout=timeout,
            init=_codecs,
            reset=_as_it_is,
            # A statement that was given up here must not go on holding its locks there.
            server_settings={
                "application_name": f"aether-{schema}",
                "statement_timeout": str(int(timeout * 1000) + 500),
            },
        )
        try:
            yield cls(pool, schema)
        finally:
            pool.terminate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A connection without a transaction. Raises DatabaseAway while the server is away."""
        async with self._acquired() as connection:
            yield Reader(connection)

    @asynccontextmanager
    async def transaction(self, cause: Event | None = None) -> AsyncIterator[Writer]:
        """One transaction: the inbox key of `cause`, the effect, and the events that follow from it.

        Raises AlreadyHandled if `cause` has had its effect, DatabaseAway while the server is away.
        """
        async with self._acquired() as connection:
            writer = Writer(connection)
            async with _transaction(connection):
                if cause is not None:
                    await self._note(writer, cause)
                yield writer
                await self._put_out(writer)
        if writer.published:
            for wake in self.on_publish:
                wake()

    async def answers(self) -> bool:
        """Whether the server answers a question now."""
        try:
            async with self.reading() as reader:
                return bool(await reader.fetchval("SELECT true"))
        except DatabaseAway:
            return False

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        try:
            connection = await self.pool.acquire(timeout=ACQUIRE_SECONDS)
        except AWAY as error:
            raise DatabaseAway("The database does not answer. Try again in a moment.") from error
        try:
            yield connection
        finally:
            await self._release(connection)

    async def _release(self, connection: Connection) -> None:
        try:
            await self.pool.release(connection, timeout=0.5)
        except AWAY:
            # The server died under this connection; the pool makes a new one in its place.
            return

    async def _note(self, writer: Writer, cause: Event) -> None:
        fresh = await writer.fetchval(
            f"""
            INSERT INTO "{self.schema}".inbox (event_id, subject) VALUES ($1, $2)
            ON CONFLICT DO NOTHING RETURNING true""",
            cause.event_id,
            cause.subject,
        )
        if not fresh:
            raise AlreadyHandled(str(cause.event_id))

    async def _put_out(self, writer: Writer) -> None:
        if not writer.published:
            return
        headers = trace.headers()
        await writer.executemany(
            f"""
            INSERT INTO "{self.schema}".outbox (event_id, subject, data, headers)
            VALUES ($1, $2, $3, $4)""",
            [(e.event_id, e.subject, e.model_dump_json().encode(), headers) for e in writer.published],
        )


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    transaction = connection.transaction()
    try:
        await _answered(connection, transaction.start())
        yield
    except BaseException:
        await _roll_back(connection, transaction)
        raise
    await _answered(connection, transaction.commit())


async def _roll_back(connection: Connection, transaction: asyncpg.transaction.Transaction) -> None:
    if _is_lost(connection):
        return
    try:
        await _answered(connection, transaction.rollback())
    except (*AWAY, DatabaseAway, asyncpg.PostgresError):
        # Without its connection the server rolls back by itself.
        _leave(connection)


async def _answered(connection: Connection, asked: Awaitable[T]) -> T:
    """The answer to a statement. A server that does not give one is left at once, without a goodbye."""
    try:
        return await asked
    except AWAY as error:
        if isinstance(error, asyncpg.InterfaceError) and not _is_lost(connection):
            raise  # a wrong argument and the like: our fault, and not the server's
        _leave(connection)
        raise DatabaseAway("The database stopped answering. Try again in a moment.") from error


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True  # the pool took it back when the server hung up


def _leave(connection: Connection) -> None:
    try:
        connection.terminate()
    except asyncpg.InterfaceError:
        return


async def _codecs(connection: "asyncpg.Connection[Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _as_it_is(_connection: "asyncpg.Connection[Record]") -> None:
    """Nothing here leaves a trace on a connection, so the reset query that asyncpg would send is saved."""
