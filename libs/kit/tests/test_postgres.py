"""A transaction is whole or nothing, and a server that does not answer is told of in three seconds."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from aether.kit.migrate import migrate
from aether.kit.postgres import AlreadyHandled, Database, DatabaseAway
from aether.testkit.eventually import eventually
from aether.testkit.postgres import EmbeddedPostgres

TABLE = 'CREATE TABLE "terminal".pair (id uuid, half int)'
PAIR = 'INSERT INTO "terminal".pair (id, half) VALUES ($1, $2)'


async def prepared(url: str) -> str:
    await migrate(url, "terminal")
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()
    return url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.connect(await prepared(database_url), "terminal") as database:
        yield database


@pytest_asyncio.fixture
async def rough(own_postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database on the server that this file's tests may kill."""
    url = await own_postgres.create_database()
    async with Database.connect(await prepared(url), "terminal") as database:
        yield database


async def write_pair(database: Database, event: Any) -> None:
    """Two rows in two statements: a half pair would show a torn transaction."""
    async with database.transaction() as writer:
        await writer.execute(PAIR, event.event_id, 1)
        writer.publish(event)
        await writer.execute(PAIR, event.event_id, 2)


async def half_pairs(database: Database) -> int:
    async with database.reading() as reader:
        return int(
            await reader.fetchval(
                """
                SELECT count(*) FROM (
                    SELECT p.id FROM terminal.pair p LEFT JOIN terminal.outbox o ON o.event_id = p.id
                    GROUP BY p.id HAVING count(DISTINCT p.half) <> 2 OR count(o.id) = 0) torn"""
            )
        )


async def count(database: Database, table: str) -> int:
    async with database.reading() as reader:
        return int(await reader.fetchval(f'SELECT count(*) FROM "terminal".{table}'))


async def test_state_and_event_are_committed_together(database: Database, said: Any) -> None:
    woken: list[bool] = []
    database.on_publish.append(lambda: woken.append(True))
    await write_pair(database, said())
    assert (await count(database, "pair"), await count(database, "outbox"), woken) == (2, 1, [True])


async def test_a_raise_leaves_neither_state_nor_event(database: Database, said: Any) -> None:
    woken: list[bool] = []
    database.on_publish.append(lambda: woken.append(True))
    event = said()
    await write_pair(database, event)
    with pytest.raises(asyncpg.UniqueViolationError):
        await write_pair(database, event)
    assert (await count(database, "pair"), await count(database, "outbox"), woken) == (2, 1, [True])


async def test_a_cause_has_its_effect_once(database: Database, said: Any) -> None:
    cause = said()

    async def effect() -> None:
        async with database.transaction(cause) as writer:
            await writer.execute(PAIR, cause.event_id, 1)

    results = await asyncio.gather(*(effect() for _ in range(20)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyHandled"] * 19 + ["NoneType"]
    assert any(isinstance(result, AlreadyHandled) for result in results)
    assert await count(database, "pair") == 1


async def test_a_wrong_argument_is_our_fault_and_not_the_servers(database: Database) -> None:
    """Else a poisonous event would look like a server that is away, and would be tried for ever."""
    async with database.reading() as reader:
        with pytest.raises(asyncpg.DataError):
            await reader.fetchval("SELECT $1::int", "no number")
        with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
            await reader.fetchval("SELECT $1::int")
        assert await reader.fetchval("SELECT 1") == 1


async def test_an_error_of_the_body_stays_what_it_is(database: Database) -> None:
    async def fail_with(error: Exception) -> None:
        async with database.transaction():
            raise error

    for error in (OSError("the disk"), TimeoutError("something else"), ValueError("no")):
        with pytest.raises(type(error), match=str(error)):
            await fail_with(error)


async def test_a_cancelled_transaction_leaves_nothing_and_returns_its_connection(database: Database) -> None:
    begun = asyncio.Event()

    async def dawdle() -> None:
        async with database.transaction() as writer:
            await writer.execute("INSERT INTO terminal.pair (half) VALUES (1)")
            begun.set()
            await writer.execute("SELECT pg_sleep(1)")

    for _ in range(12):  # more often than the pool is large
        begun.clear()
        task = asyncio.create_task(dawdle())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await count(database, "pair") == 0


async def test_a_statement_is_given_up_after_its_time_and_its_locks_with_it(database: Database) -> None:
    began = time.monotonic()

    async def lock_and_sleep() -> None:
        async with database.transaction() as writer:
            await writer.execute("LOCK TABLE terminal.pair")
            await writer.execute("SELECT pg_sleep(30)")

    with pytest.raises(DatabaseAway):
        await lock_and_sleep()
    assert time.monotonic() - began < 3

    async def writable() -> bool:
        async with database.transaction() as writer:
            return bool(await writer.execute("INSERT INTO terminal.pair (half) VALUES (1)"))

    await eventually(writable)


async def test_a_pool_that_is_used_up_is_told_in_time(database: Database) -> None:
    async with asyncio.TaskGroup() as group:
        release = asyncio.Event()
        held = asyncio.Semaphore(0)

        async def hold() -> None:
            async with database.reading():
                held.release()
                await release.wait()

        for _ in range(10):
            group.create_task(hold())
        for _ in range(10):
            await held.acquire()
        began = time.monotonic()
        assert not await database.answers()
        assert time.monotonic() - began < 3
        release.set()
    assert await database.answers()


async def backends(database: Database) -> list[int]:
    async with database.reading() as reader:
        rows = await reader.fetch("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    return [row["pid"] for row in rows]


def send(number: int, pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def has_grown(waits: list[float], before: int) -> bool:
    return len(waits) > before


async def keep_writing(database: Database, said: Any, ending: asyncio.Event, longest: list[float]) -> int:
    done = 0
    while not ending.is_set():
        began = time.monotonic()
        try:
            await write_pair(database, said())
            done += 1
        except DatabaseAway:
            longest.append(time.monotonic() - began)
            await asyncio.sleep(0.01)
    return done


async def test_postgres_killed_under_load_is_told_in_time_and_tears_nothing(
    rough: Database, own_postgres: EmbeddedPostgres, said: Any
) -> None:
    ending = asyncio.Event()
    waits: list[float] = []
    writing = [asyncio.create_task(keep_writing(rough, said, ending, waits)) for _ in range(16)]
    for _ in range(3):
        await eventually(rough.answers)
        own_postgres.kill()
        await eventually(partial(has_grown, waits, len(waits)))
        await asyncio.to_thread(own_postgres.start)
    back = time.monotonic()
    await eventually(rough.answers, within=10)
    assert time.monotonic() - back < 10
    ending.set()
    done = sum(await asyncio.gather(*writing))
    assert max(waits) <= 3
    assert await half_pairs(rough) == 0
    assert await count(rough, "outbox") >= done > 0


async def test_postgres_frozen_under_load_is_told_in_time_and_tears_nothing(
    rough: Database, own_postgres: EmbeddedPostgres, said: Any
) -> None:
    ending = asyncio.Event()
    waits: list[float] = []
    writing = [asyncio.create_task(keep_writing(rough, said, ending, waits)) for _ in range(16)]
    await eventually(rough.answers)
    children = await backends(rough)
    own_postgres.signal(signal.SIGSTOP)
    for child in children:
        send(signal.SIGSTOP, child)
    await eventually(lambda: len(waits) >= 32, within=10)
    for child in children:
        send(signal.SIGCONT, child)
    own_postgres.signal(signal.SIGCONT)
    back = time.monotonic()
    await eventually(rough.answers, within=10)
    assert time.monotonic() - back < 10
    ending.set()
    done = sum(await asyncio.gather(*writing))
    assert max(waits) <= 3
    assert await half_pairs(rough) == 0
    assert await count(rough, "outbox") >= done > 0
