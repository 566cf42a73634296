"""A service starts when it can, says when it is ready, and stops in order within ten seconds."""

import asyncio
import json
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from aether.cli.embedded.ports import any_free_port
from aether.contracts.ids import AccountId, new_id
from aether.contracts.service import Service
from aether.contracts.terminal import ListTerminals, TerminalList
from aether.kit.bus import Bus
from aether.kit.provision import provision_streams
from aether.testkit.eventually import eventually
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import EmbeddedPostgres

QUESTION = ListTerminals(account_id=AccountId(new_id()), project_id=new_id())


class Tiny:
    """The tiny service as a process of its own."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    async def status(self, path: str) -> int:
        try:
            return int((await self.http.get(path, timeout=5)).status_code)
        except httpx2.HTTPError:
            return 0

    async def ready(self) -> bool:
        return await self.status("/ready") == 200

    async def not_ready(self) -> bool:
        return await self.status("/ready") == 503

    async def ended(self, number: int) -> tuple[int, float]:
        """Send a signal; the exit status, and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = await asyncio.wait_for(self.process.wait(), 15)
        return status, time.monotonic() - began


class Place:
    """Servers that may be killed, and a database on them."""

    def __init__(self, nats: EmbeddedNats, postgres: EmbeddedPostgres, database_url: str, home: Path) -> None:
        self.nats = nats
        self.postgres = postgres
        self.database_url = database_url
        self.home = home

    @asynccontextmanager
    async def running(self, command: list[str]) -> AsyncIterator[Tiny]:
        port = any_free_port()
        environment = {
            "AETHER_NATS_URL": self.nats.url,
            "AETHER_DATABASE_URL": self.database_url,
            "AETHER_TRACE_DIR": str(self.home / "traces"),
            "PATH": os.environ["PATH"],
        }
        with (self.home / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, str(port), env=environment, stdout=PIPE, stderr=log
            )
        tiny = Tiny(process, port)
        try:
            yield tiny
        finally:
            await tiny.http.aclose()
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Bus]:
        async with Bus.connect(self.nats.url, Service.GATEWAY) as bus:
            yield bus

    def log(self) -> str:
        return (self.home / "log").read_text()


@pytest_asyncio.fixture
async def place(own_nats: EmbeddedNats, own_postgres: EmbeddedPostgres, tmp_path: Path) -> Place:
    await provision_streams(own_nats.url)
    return Place(own_nats, own_postgres, await own_postgres.create_database(), tmp_path)


@pytest.fixture
def tiny(program: Callable[[str], list[str]]) -> list[str]:
    return program("tiny.py")


async def test_a_service_migrates_answers_hears_and_is_ready(place: Place, tiny: list[str], said: Any) -> None:
    async with place.running(tiny) as service, place.gateway() as gateway:
        await eventually(service.ready)
        assert await service.status("/health") == 200
        assert await gateway.request(QUESTION) == TerminalList(items=[])
        event = said()
        await gateway.publish(event.subject, event.model_dump_json().encode(), event.event_id, {})
        connection = await asyncpg.connect(place.database_url)

        async def passed_on() -> bool:
            count = "SELECT count(*) FROM terminal.outbox WHERE published_at IS NOT NULL"
            return bool(await connection.fetchval(count) == 1)

        await eventually(passed_on)
        await connection.close()


async def test_a_trace_goes_on_through_what_is_heard_into_what_is_said(
    place: Place, tiny: list[str], said: Any
) -> None:
    trace_id = "ab" * 16
    async with place.running(tiny) as service, place.gateway() as gateway:
        await eventually(service.ready)
        event = said()
        header = {"traceparent": f"00-{trace_id}-{'cd' * 8}-01"}
        await gateway.publish(event.subject, event.model_dump_json().encode(), event.event_id, header)
        connection = await asyncpg.connect(place.database_url)

        async def passed_on() -> bool:
            headers = await connection.fetchval("SELECT headers::text FROM terminal.outbox")
            return headers is not None and trace_id in headers

        await eventually(passed_on)
        await connection.close()
        await service.ended(signal.SIGTERM)
    spans = [json.loads(line) for line in (place.home / "traces/terminal.jsonl").read_text().splitlines()]
    [heard] = [span for span in spans if span["name"] == "hear MachineStarted"]
    assert heard["context"]["trace_id"] == f"0x{trace_id}"
    assert heard["parent_id"] == f"0x{'cd' * 8}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_under_load_fails_no_request_and_takes_less_than_ten_seconds(
    place: Place, tiny: list[str], number: int
) -> None:
    async with place.running(tiny) as service, place.gateway() as gateway:
        await eventually(service.ready)
        questions = [asyncio.create_task(gateway.request(QUESTION)) for _ in range(100)]
        page = asyncio.create_task(service.http.get("/linger", timeout=5))
        await asyncio.wait(questions, timeout=0.2)
        status, seconds = await service.ended(number)
        assert (await page).text == "finished"
        done, late = await asyncio.wait(questions, timeout=0)
        # Who was not answered by this process waits for the next one, until its deadline.
        assert all(task.exception() is None for task in done)
        async with place.running(tiny):
            await asyncio.gather(*late)
    assert status == 0
    assert seconds < 10


async def test_a_service_without_its_database_is_not_ready_and_then_is(place: Place, tiny: list[str]) -> None:
    async with place.running(tiny) as service:
        await eventually(service.ready)
        place.postgres.kill()
        await eventually(service.not_ready, within=5)
        assert await service.status("/health") == 200
        await asyncio.to_thread(place.postgres.start)
        await eventually(service.ready, within=10)


async def test_a_service_without_nats_is_not_ready_and_then_is(place: Place, tiny: list[str]) -> None:
    async with place.running(tiny) as service, place.gateway() as gateway:
        await eventually(service.ready)
        place.nats.kill()
        await eventually(service.not_ready, within=5)
        await asyncio.to_thread(place.nats.start)
        await eventually(service.ready, within=10)
        assert await gateway.request(QUESTION) == TerminalList(items=[])


async def test_a_stop_while_both_servers_are_away_is_a_stop_all_the_same(place: Place, tiny: list[str]) -> None:
    async with place.running(tiny) as service:
        await eventually(service.ready)
        place.nats.kill()
        place.postgres.kill()
        _, seconds = await service.ended(signal.SIGTERM)
    await asyncio.to_thread(place.nats.start)
    await asyncio.to_thread(place.postgres.start)
    assert seconds < 10


async def test_a_service_that_cannot_start_says_why_and_ends(place: Place, tiny: list[str]) -> None:
    place.database_url = "postgresql://127.0.0.1:1/nowhere"
    async with place.running(tiny) as service:
        assert await asyncio.wait_for(service.process.wait(), 15) == 1
    assert "service.failed" in place.log()


async def test_a_stop_says_nothing_alarming(place: Place, tiny: list[str]) -> None:
    async with place.running(tiny) as service:
        await eventually(service.ready)
        status, _ = await service.ended(signal.SIGTERM)
    assert status == 0
    for word in ("warning", "error", "Traceback", "never retrieved"):
        assert word not in place.log()
