"""The fixtures keep their promises: real servers, fresh databases, a clock that waits."""

import asyncio
import json
import os
from pathlib import Path

import asyncpg
import nats
import pytest

from aether.testkit.clock import FakeClock
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import EmbeddedPostgres, PostgresServer
from aether.testkit.stack import Stack


async def test_each_test_has_an_empty_database_of_postgres_18(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    assert connection.get_server_version().major >= 18
    assert tables == 0
    await connection.close()


async def test_a_database_can_be_copied_from_another(postgres_server: PostgresServer, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE public.kept (number int)")
    await connection.close()
    copy = await postgres_server.create_database(template=database_url.rsplit("/", 1)[1])
    connection = await asyncpg.connect(copy)
    assert await connection.fetch("SELECT number FROM public.kept") == []
    await connection.close()
    await postgres_server.drop_database(copy)


async def test_postgres_keeps_what_it_committed_when_it_is_killed(server_folder: Path) -> None:
    folder = server_folder / "killed-postgres"
    folder.mkdir(mode=0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE public.kept AS SELECT 7 AS number")
    server.kill()
    connection.terminate()
    server.start()
    connection = await asyncpg.connect(server.url)
    assert await connection.fetchval("SELECT number FROM public.kept") == 7
    await connection.close()
    server.close()


async def test_jetstream_keeps_what_it_acknowledged_when_it_is_killed(nats_server: EmbeddedNats) -> None:
    client = await nats.connect(nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
    stream = client.jetstream()
    await stream.add_stream(name="kept", subjects=["kept.>"])
    await stream.publish("kept.one", b"1")
    await client.close()
    nats_server.restart()
    client = await nats.connect(nats_server.url)
    assert (await client.jetstream().stream_info("kept")).state.messages == 1
    await client.jetstream().delete_stream("kept")
    await client.close()


async def test_a_sleeper_wakes_when_the_clock_passes_its_moment(clock: FakeClock) -> None:
    sleeper = asyncio.create_task(clock.sleep(30))
    await eventually(lambda: clock.sleepers == 1)
    clock.advance(29)
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.advance(1)
    await sleeper


def test_a_missing_program_skips_a_test_on_a_persons_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="the host lacks no-such-program"):
        require_host("no-such-program")


def test_a_missing_program_fails_a_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have it"):
        require_host("no-such-program")


def test_what_an_aether_complained_of_is_told_with_who_of_it_lives(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    (stack.home / "logs").mkdir(parents=True)
    (stack.home / "processes.json").write_text(
        json.dumps([{"name": "nats", "pid": os.getpid()}, {"name": "agents", "pid": 2**22}])
    )
    (stack.home / "logs" / "agents.log").write_text(
        '{"level": "info", "event": "ready"}\n{"level": "error", "event": "no"}\n'
    )
    assert stack.complaints().splitlines() == [
        "nats lives, agents has ended",
        'agents: {"level": "error", "event": "no"}',
    ]
