"""A database with the kit's tables, empty streams, and an ear that hears what the terminal service would."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError

from aether.contracts import catalog
from aether.contracts.event import consumed_by
from aether.contracts.ids import AccountId, IntervalId, MachineId, ProjectId, new_id
from aether.contracts.machines import MachineStarted
from aether.contracts.service import Service
from aether.contracts.streams import STREAMS
from aether.kit.bus import Bus
from aether.kit.consumer import Ear
from aether.kit.migrate import migrate
from aether.kit.postgres import Database
from aether.kit.provision import provision_streams
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import EmbeddedPostgres

assert catalog.EVENTS

SHORT = (0.05, 0.1, 0.2)
EFFECT = """
    CREATE TABLE terminal.effect (
        number bigint GENERATED ALWAYS AS IDENTITY, event_id uuid PRIMARY KEY,
        project_id uuid NOT NULL, generation int NOT NULL)"""


def machine_started(project_id: ProjectId | None = None, generation: int = 1) -> MachineStarted:
    """A fact that the terminal service hears; `generation` is for telling one from another."""
    return MachineStarted(
        account_id=AccountId(new_id()),
        project_id=project_id or ProjectId(new_id()),
        machine_id=MachineId(new_id()),
        generation=generation,
        interval_id=IntervalId(new_id()),
        started_at=datetime.now(UTC),
    )


async def prepare_database(url: str) -> None:
    """The tables of a service that hears, and one that tells what its handlers did."""
    await migrate(url, "terminal")
    connection = await asyncpg.connect(url)
    await connection.execute(EFFECT)
    await connection.close()


async def empty_streams(url: str) -> None:
    """Make every stream and consumer anew."""
    client = await nats.connect(url)
    for stream in STREAMS:
        try:
            await client.jetstream().delete_stream(stream.name)
        except NotFoundError:
            continue
    await client.close()
    await provision_streams(url)


class Stage:
    """One test's NATS and Postgres, and the terminal service's place in them."""

    def __init__(self, nats_url: str, database_url: str, bus: Bus, database: Database) -> None:
        self.nats_url = nats_url
        self.database_url = database_url
        self.bus = bus
        self.database = database

    async def say(self, *events: MachineStarted) -> None:
        """Publish as the relay of machines would."""
        for event in events:
            await self.bus.publish(event.subject, event.model_dump_json().encode(), event.event_id, {})

    async def take_effect(self, event: MachineStarted, _deps: Any) -> None:
        """A handler as services write them: one row, in the transaction that holds the inbox key."""
        async with self.database.transaction(event) as writer:
            await writer.execute(
                "INSERT INTO terminal.effect (event_id, project_id, generation) VALUES ($1, $2, $3)",
                event.event_id,
                event.project_id,
                event.generation,
            )

    @asynccontextmanager
    async def hearing(
        self, handler: Callable[[Any, Any], Awaitable[None]] | None = None, **options: Any
    ) -> AsyncIterator[Ear]:
        """An ear that hands everything to one handler; ends in order."""
        handlers = dict.fromkeys(consumed_by(Service.TERMINAL), handler or self.take_effect)
        ear = Ear(self.bus, self.database, handlers, None, **{"retry_delays": SHORT, **options})
        running = asyncio.create_task(ear.run())
        try:
            yield ear
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def effects(self) -> list[int]:
        """The generations that took effect, in order."""
        async with self.database.reading() as reader:
            rows = await reader.fetch("SELECT generation FROM terminal.effect ORDER BY number")
        return [row["generation"] for row in rows]

    async def count(self, table: str) -> int:
        async with self.database.reading() as reader:
            return int(await reader.fetchval(f"SELECT count(*) FROM terminal.{table}"))

    async def unacknowledged(self) -> int:
        """What the server still waits for or has yet to give out."""
        info = await self.bus.client.jetstream().consumer_info("PROJECTS", "terminal")
        return (info.num_ack_pending or 0) + (info.num_pending or 0)

    async def forget_consumer(self) -> None:
        """Lose the service's place in the stream, as when JetStream's folder was lost, and make it anew."""
        await self.bus.client.jetstream().delete_consumer("PROJECTS", "terminal")
        await provision_streams(self.nats_url)

    async def set_ack_wait(self, seconds: float) -> None:
        """How long the server waits for an acknowledgement before it delivers again."""
        jetstream = self.bus.client.jetstream()
        config = (await jetstream.consumer_info("PROJECTS", "terminal")).config
        config.ack_wait = seconds
        await jetstream.add_consumer("PROJECTS", config)


@asynccontextmanager
async def staged(nats_url: str, database_url: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(Bus.connect(nats_url, Service.TERMINAL))
        database = await stack.enter_async_context(Database.connect(database_url, "terminal"))
        yield Stage(nats_url, database_url, bus, database)


@pytest.fixture
def said() -> Callable[..., MachineStarted]:
    """Makes facts to be heard."""
    return machine_started


@pytest_asyncio.fixture
async def stage(nats_server: EmbeddedNats, database_url: str) -> AsyncIterator[Stage]:
    """On the session's servers, which a test must leave running."""
    await empty_streams(nats_server.url)
    await prepare_database(database_url)
    async with staged(nats_server.url, database_url) as stage:
        yield stage


@contextmanager
def lent(server: Any) -> Iterator[Any]:
    server.start()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def own_nats(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedNats]:
    """A nats-server that the tests of one file may kill and freeze."""
    folder = server_folder / f"nats-{request.module.__name__.rpartition('.')[2]}"
    folder.mkdir()
    with lent(EmbeddedNats(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def own_postgres(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """A Postgres that the tests of one file may kill and freeze."""
    folder = server_folder / f"postgres-{request.module.__name__.rpartition('.')[2]}"
    folder.mkdir(mode=0o711)
    with lent(EmbeddedPostgres(folder)) as server:
        yield server


@pytest.fixture
def program() -> Callable[[str], list[str]]:
    """The command that runs one of the programs beside these tests."""
    return lambda name: [sys.executable, "-W", "error", str(Path(__file__).parent / "programs" / name)]
