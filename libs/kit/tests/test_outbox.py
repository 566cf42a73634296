"""What a transaction puts out reaches the stream, whatever NATS does meanwhile; what it rolls back does not."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import nats
import pytest
import pytest_asyncio
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from aether.contracts.service import Service
from aether.kit import bus as bus_module
from aether.kit.bus import Bus
from aether.kit.migrate import migrate
from aether.kit.outbox import Relay, forget_old
from aether.kit.postgres import Database
from aether.kit.provision import provision_streams, refill
from aether.testkit.eventually import eventually
from aether.testkit.nats import EmbeddedNats

FROZEN_SECONDS = 6


class Producer:
    """The machines service's half: a schema, a relay, and a stream to look into."""

    def __init__(self, nats_url: str, database_url: str, database: Database, bus: Bus, said: Any) -> None:
        self.nats_url = nats_url
        self.database_url = database_url
        self.database = database
        self.bus = bus
        self._said = said

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        relay = Relay(self.database, self.bus)
        running = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def put_out(self, *numbers: int, project: Any = None) -> None:
        async with self.database.transaction() as writer:
            writer.publish(*(self._said(project, number) for number in numbers))

    async def waiting(self) -> int:
        async with self.database.reading() as reader:
            return int(await reader.fetchval("SELECT count(*) FROM machines.outbox WHERE published_at IS NULL"))

    async def passed_on(self) -> bool:
        return await self.waiting() == 0

    async def in_stream(self) -> list[int]:
        """The generations that the stream holds, in its order."""
        client = await nats.connect(self.nats_url)
        jetstream = client.jetstream()
        state = (await jetstream.stream_info("PROJECTS")).state
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL)
        reading = await jetstream.pull_subscribe("machine.>", stream="PROJECTS", config=config)
        messages = await reading.fetch(state.messages, timeout=10) if state.messages else []
        await client.close()
        return [int(m.data.split(b'"generation":')[1].split(b",")[0]) for m in messages]


async def fresh(nats_url: str, database_url: str) -> None:
    client = await nats.connect(nats_url)
    for name in ("PROJECTS",):
        try:
            await client.jetstream().delete_stream(name)
        except NotFoundError:
            continue
    await client.close()
    await provision_streams(nats_url)
    await migrate(database_url, "machines")


@pytest_asyncio.fixture
async def producer(own_nats: EmbeddedNats, database_url: str, said: Any) -> AsyncIterator[Producer]:
    await fresh(own_nats.url, database_url)
    async with (
        Bus.connect(own_nats.url, Service.MACHINES) as bus,
        Database.connect(database_url, "machines") as database,
    ):
        yield Producer(own_nats.url, database_url, database, bus, said)


async def test_what_is_put_out_is_in_the_stream_within_a_moment(producer: Producer) -> None:
    async with producer.relaying():
        await producer.put_out(1, 2, 3)
        await eventually(producer.passed_on, within=0.9)
    assert await producer.in_stream() == [1, 2, 3]


async def change_its_mind(producer: Producer) -> None:
    async with producer.database.transaction() as writer:
        writer.publish(producer._said(None, 13))
        raise RuntimeError("no")


async def test_what_is_rolled_back_is_never_said(producer: Producer) -> None:
    async with producer.relaying():
        with pytest.raises(RuntimeError, match="no"):
            await change_its_mind(producer)
        await producer.put_out(1)
        await eventually(producer.passed_on)
    assert await producer.in_stream() == [1]


async def test_events_are_passed_on_in_the_order_they_were_put_out(producer: Producer) -> None:
    await producer.put_out(*range(1000))
    async with producer.relaying():
        await eventually(producer.passed_on)
    assert await producer.in_stream() == list(range(1000))


async def test_two_relays_share_the_work_and_double_nothing(producer: Producer) -> None:
    await producer.put_out(*range(2000))
    async with producer.relaying(), producer.relaying():
        await eventually(producer.passed_on)
    assert sorted(await producer.in_stream()) == list(range(2000))


async def test_rows_of_another_process_are_found_by_looking(producer: Producer) -> None:
    async with producer.relaying(), Database.connect(producer.database_url, "machines") as other:
        async with other.transaction() as writer:
            writer.publish(producer._said(None, 4))
        await eventually(producer.passed_on, within=5)
    assert await producer.in_stream() == [4]


async def test_a_relay_that_died_after_publishing_says_nothing_twice(producer: Producer) -> None:
    """The mark was never set; JetStream knows the id and keeps one."""
    await producer.put_out(*range(50))
    async with producer.relaying():
        await eventually(producer.passed_on)
        connection = await asyncpg.connect(producer.database_url)
        await connection.execute("UPDATE machines.outbox SET published_at = NULL")
        await connection.close()
        await eventually(producer.passed_on)
    assert await producer.in_stream() == list(range(50))


async def test_a_missing_stream_is_waited_for_and_filled(producer: Producer) -> None:
    await producer.bus.client.jetstream().delete_stream("PROJECTS")
    async with producer.relaying() as relay:
        await producer.put_out(1, 2)
        assert await relay.pass_on() == 0
        assert await producer.waiting() == 2
        await provision_streams(producer.nats_url)
        await eventually(producer.passed_on)
    assert await producer.in_stream() == [1, 2]


async def keep_putting_out(producer: Producer, ending: asyncio.Event) -> int:
    number = 0
    while not ending.is_set():
        await producer.put_out(*range(number, number + 5))
        number += 5
        await asyncio.sleep(0.005)  # a steady source; without it the disk would be measured
    return number


async def test_nats_killed_while_publishing_loses_nothing(producer: Producer, own_nats: EmbeddedNats) -> None:
    ending = asyncio.Event()
    async with producer.relaying():
        source = asyncio.create_task(keep_putting_out(producer, ending))
        for _ in range(5):
            await eventually(lambda: producer.bus.connected)
            await asyncio.to_thread(own_nats.restart)
        await eventually(lambda: producer.bus.connected, within=10)
        ending.set()
        count = await source
        await eventually(producer.passed_on, within=60)
    assert sorted(set(await producer.in_stream())) == list(range(count))


async def test_nats_frozen_while_publishing_loses_nothing(producer: Producer, own_nats: EmbeddedNats) -> None:
    ending = asyncio.Event()
    async with producer.relaying():
        source = asyncio.create_task(keep_putting_out(producer, ending))
        await eventually(lambda: producer.bus.connected)
        own_nats.signal(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)  # the frozen time is what is tested
        own_nats.signal(signal.SIGCONT)
        await eventually(lambda: producer.bus.connected, within=10)
        ending.set()
        count = await source
        await eventually(producer.passed_on, within=60)
    assert sorted(set(await producer.in_stream())) == list(range(count))


async def test_the_jetstream_folder_is_rebuilt_from_the_outbox(producer: Producer, own_nats: EmbeddedNats) -> None:
    await producer.put_out(*range(1000))
    async with producer.relaying():
        await eventually(producer.passed_on)
        own_nats.kill()
        own_nats.delete_store()
        await asyncio.to_thread(own_nats.start)
        made = await provision_streams(own_nats.url)
        assert "PROJECTS" in made
        assert await refill(producer.database_url, made) == 1000
        await eventually(producer.passed_on, within=20)
    assert sorted(await producer.in_stream()) == list(range(1000))


async def test_provisioning_again_changes_nothing(producer: Producer) -> None:
    await producer.put_out(1)
    async with producer.relaying():
        await eventually(producer.passed_on)
    assert await provision_streams(producer.nats_url) == []
    assert await producer.in_stream() == [1]


async def test_provisioning_without_a_server_fails_soon() -> None:
    began = time.monotonic()
    with pytest.raises((OSError, nats.errors.Error)):
        await provision_streams("nats://127.0.0.1:1")
    assert time.monotonic() - began < 10


async def test_a_bus_whose_server_stays_away_fails_so_that_the_process_ends(
    own_nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "WATCHDOG_SECONDS", 0.3)
    async with Bus.connect(own_nats.url, Service.MACHINES) as bus:
        own_nats.kill()
        with pytest.raises(ConnectionError, match="was away"):
            await asyncio.wait_for(asyncio.shield(bus.failed), 5)
    await asyncio.to_thread(own_nats.start)


async def test_a_bus_whose_server_comes_back_in_time_does_not_fail(
    own_nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "WATCHDOG_SECONDS", 3)
    async with Bus.connect(own_nats.url, Service.MACHINES) as bus:
        await asyncio.to_thread(own_nats.restart)
        await eventually(lambda: bus.connected and bus._watchdog is None)
        assert not bus.failed.done()


async def test_an_orderly_close_is_not_told_as_a_disconnection(
    own_nats: EmbeddedNats, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Bus.connect(own_nats.url, Service.MACHINES) as bus:
        assert bus.connected
    assert "disconnected" not in capsys.readouterr().out
    assert not bus.failed.done()


async def test_old_rows_are_forgotten_and_young_ones_kept(producer: Producer) -> None:
    connection = await asyncpg.connect(producer.database_url)
    await connection.execute(
        """
        INSERT INTO machines.inbox (event_id, subject, handled_at)
        SELECT gen_random_uuid(), 'a', now() - make_interval(days => n % 20) FROM generate_series(1, 12000) n"""
    )
    await forget_old(producer.database)
    oldest = await connection.fetchval(
        "SELECT count(*) FROM machines.inbox WHERE handled_at < now() - interval '16 d'"
    )
    left = await connection.fetchval("SELECT count(*) FROM machines.inbox")
    await connection.close()
    assert oldest == 0
    assert left > 9000
