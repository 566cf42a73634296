"""The gateway as it really runs: a process of its own, on uvloop, told everything by its environment."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from aether.cli.embedded.ports import any_free_port
from aether.contracts.service import Service
from aether.kit.bus import Bus
from aether.testkit.eventually import eventually
from aether.testkit.gateway import PASSWORD, cookie_of, write_grant_key
from aether.testkit.neighbours import Machines, StreamService, Terminals


@contextlib.asynccontextmanager
async def neighbours(nats_url: str, streams: StreamService) -> AsyncIterator[None]:
    machines = Machines()
    async with Bus.connect(nats_url, Service.MACHINES) as one, Bus.connect(nats_url, Service.TERMINAL) as other:
        await one.answer(machines.handlers(), None)
        await other.answer(Terminals(machines).handlers(), None)
        await streams.start()
        yield
        await streams.stop()


async def test_a_gateway_process_serves_and_stops_in_order(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    streams, port = StreamService(write_grant_key(tmp_path / "grant.jwk")), any_free_port()
    url = f"http://localhost:{port}"
    environ = {
        **os.environ,
        "AETHER_DATABASE_URL": database_url,
        "AETHER_NATS_URL": nats_url,
        "AETHER_PUBLIC_URL": url,
        "AETHER_GRANT_KEY_FILE": str(tmp_path / "grant.jwk"),
        "AETHER_TRACE_DIR": str(tmp_path / "traces"),
        "GATEWAY_PORT": str(port),
        "GATEWAY_STREAMS": f'{{"terminal":"127.0.0.1:{streams.port}"}}',
        "GATEWAY_RATE_PER_EMAIL": "50/60",
    }
    log = (tmp_path / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aether.gateway", env=environ, stdout=log, stderr=log
    )
    try:
        async with (
            neighbours(nats_url, streams),
            httpx2.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False, timeout=10) as person,
        ):

            async def is_ready() -> bool:
                with contextlib.suppress(httpx2.TransportError):
                    return (await person.get("/ready")).status_code == 200
                return False

            await eventually(is_ready, within=60, every=0.1)
            signed_up = await person.post(
                "/api/auth/signup", json={"email": "a@example.com", "password": PASSWORD}
            )
            assert signed_up.status_code == 201
            project = (await person.post("/api/projects", json={"name": "demo"})).json()
            await person.post(f"/api/projects/{project['id']}/start")
            terminal = (await person.post(f"/api/projects/{project['id']}/terminals", json={})).json()
            address = f"ws://127.0.0.1:{port}/stream/terminal/{terminal['id']}"
            async with connect(
                address,
                origin=Origin(f"http://127.0.0.1:{port}"),
                additional_headers={"Cookie": cookie_of(person)},
                compression=None,
                proxy=None,
            ) as socket:
                piece = os.urandom(512 * 1024)
                for _ in range(8):
                    await socket.send(piece)
                    assert await socket.recv() == piece
                await person.post("/api/auth/forgot", json={"email": "a@example.com"})
                process.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
            assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        log.close()
    told = (tmp_path / "log").read_text()
    assert "mail.printed" in told
    assert f"{url}/reset#token=" in told
    assert PASSWORD not in told
    assert person.cookies["aether_session"] not in told
    spans = (tmp_path / "traces" / "gateway.jsonl").read_text()
    assert "open stream" in spans
