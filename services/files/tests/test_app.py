"""The service as a process of its own, over a real NATS, with a machine whose authority is played by the test."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import psutil
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg

from aether.cli.embedded.ports import any_free_port
from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import AccountId, CredentialId, PersonId, ProjectId, new_id
from aether.contracts.machines import IssueSshCertificate
from aether.contracts.service import Service
from aether.kit.bus import Bus
from aether.kit.grants import Grant, Signer
from aether.kit.provision import provision_streams
from aether.testkit.eventually import eventually
from aether.testkit.machine import TestMachine
from aether.testkit.nats import EmbeddedNats

from .conftest import Workspace
from .page import Page

MB = 1024 * 1024
ACCOUNT, PERSON, CREDENTIAL = AccountId(new_id()), PersonId(new_id()), CredentialId(new_id())
PROJECT = ProjectId(new_id())


class Running:
    """The process, and the gateway's signature."""

    def __init__(self, environment: dict[str, str], gateway: Bus, key: Path, workspace: Workspace) -> None:
        self._environment = environment
        self.gateway = gateway
        self.workspace = workspace
        self._signer = Signer(key)
        self.port = int(environment["FILES_PORT"])
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=httpx2.Timeout(20)
        )

    def start(self) -> None:
        command = [sys.executable, "-m", "aether.files"]
        self.process = subprocess.Popen(command, env=self._environment, start_new_session=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def ready(self) -> bool:
        try:
            return (await self.client.get("/ready")).status_code == 200
        except httpx2.HTTPError:
            return False

    def headers(self, **more: str) -> dict[str, str]:
        grant = Grant(
            audience=Service.FILES,
            person_id=PERSON,
            person_name="Ada",
            account_id=ACCOUNT,
            project_id=PROJECT,
            right="write",
            credential_id=CREDENTIAL,
        )
        return {"Authorization": f"Grant {self._signer.sign(grant)}", **more}

    def address(self, tail: str) -> str:
        return f"/stream/files/{PROJECT}/{tail}"

    async def get(self, tail: str, **params: str) -> httpx2.Response:
        return await self.client.get(self.address(tail), params=params, headers=self.headers())

    async def begin(self, path: str, size: int) -> str:
        asked = {"path": path, "size": size}
        answer = await self.client.post(self.address("files/uploads"), json=asked, headers=self.headers())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def send(self, upload: str, offset: int, content: bytes | AsyncIterator[bytes]) -> httpx2.Response:
        headers = self.headers(**{"Upload-Offset": str(offset)})
        return await self.client.patch(self.address(f"files/uploads/{upload}"), content=content, headers=headers)


@pytest_asyncio.fixture
async def running(
    database_url: str,
    nats_server: EmbeddedNats,
    machine: TestMachine,
    grant_keys: tuple[Path, Path],
    tmp_path: Path,
) -> AsyncIterator[Running]:
    await provision_streams(nats_server.url)
    client = Client()
    await client.connect(nats_server.url)
    await play_machines(client, machine)
    environment = {
        **os.environ,
        "AETHER_HOME": str(tmp_path),
        "AETHER_NATS_URL": nats_server.url,
        "AETHER_DATABASE_URL": database_url,
        "AETHER_GRANT_PUBLIC_KEY_FILE": str(grant_keys[1]),
        "AETHER_TRACE_DIR": str(tmp_path / "traces"),
        "FILES_PORT": str(any_free_port()),
    }
    async with Bus.connect(nats_server.url, Service.GATEWAY) as gateway:
        there = Running(environment, gateway, grant_keys[0], Workspace(machine.home / "workspace"))
        there.start()
        await eventually(there.ready, within=20)
        yield there
        there.kill()
        await there.client.aclose()
    await client.close()


async def play_machines(client: Client, machine: TestMachine) -> None:
    """Answer what the files service asks of machines."""

    async def issue(message: Msg) -> None:
        asked = IssueSshCertificate.model_validate_json(message.data)
        await message.respond((await machine.issue(asked.project_id, asked.public_key)).model_dump_json().encode())

    await client.subscribe(IssueSshCertificate.subject, cb=issue)


async def test_an_upload_goes_on_after_the_service_was_killed_in_the_middle_of_it(running: Running) -> None:
    content = os.urandom(6 * MB)
    upload = await running.begin("/large.bin", len(content))

    async def until_killed() -> AsyncIterator[bytes]:
        for at in range(0, 4 * MB, MB // 4):
            yield content[at : at + MB // 4]
        await eventually(lambda: running.workspace.staged() >= 2 * MB)
        running.kill()
        yield content[4 * MB :]

    with pytest.raises(httpx2.HTTPError):
        await running.send(upload, 0, until_killed())
    assert not running.workspace.at("/large.bin").exists()
    running.start()
    await eventually(running.ready, within=20)

    async def offset() -> int:
        return int((await running.get(f"files/uploads/{upload}")).json()["offset"])

    before = await offset()
    assert 2 * MB <= before <= 4 * MB
    answer = await running.send(upload, before, content[before:])
    assert answer.json()["complete"] is True
    assert running.workspace.at("/large.bin").read_bytes() == content


async def test_a_write_that_was_killed_leaves_the_old_file_and_nothing_else(running: Running) -> None:
    running.workspace.write("/a.bin", "old")

    async def until_killed() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield b"x" * (MB // 4)
        await eventually(lambda: running.workspace.staged() >= MB)
        running.kill()
        yield b"x"

    with pytest.raises(httpx2.HTTPError):
        await running.client.put(
            running.address("files"), params={"path": "/a.bin"}, content=until_killed(), headers=running.headers()
        )
    assert running.workspace.at("/a.bin").read_text() == "old"
    await eventually(lambda: running.workspace.staged() == 0)


async def test_memory_stays_flat_while_a_gigabyte_goes_through(running: Running) -> None:
    size = 1024 * MB
    with running.workspace.write("/sparse").open("r+b") as file:
        file.truncate(size)
    await running.get("files", path="/")
    memory = Memory(running.process.pid)
    came = 0
    async with running.client.stream(
        "GET", running.address("files"), params={"path": "/sparse"}, headers=running.headers()
    ) as answer:
        async for piece in answer.aiter_raw():
            came += len(piece)
            memory.look()
    assert came == size
    assert memory.growth <= 30 * MB


async def test_memory_stays_flat_while_a_large_file_is_written(running: Running) -> None:
    await running.get("files", path="/")
    memory = Memory(running.process.pid)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield bytes(MB)
            memory.look()

    answer = await running.client.put(
        running.address("files"), params={"path": "/zeros"}, content=body(), headers=running.headers()
    )
    assert answer.json()["size"] == 256 * MB
    assert memory.growth <= 30 * MB


class Memory:
    """How much more a process holds at its most than it did in the beginning, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._peak = self._process.memory_info().rss

    def look(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self._peak - self._before


async def test_a_reader_who_waits_holds_the_machine_back_and_not_the_memory(running: Running) -> None:
    with running.workspace.write("/sparse").open("r+b") as file:
        file.truncate(1024 * MB)
    memory = Memory(running.process.pid)
    async with running.client.stream(
        "GET", running.address("files"), params={"path": "/sparse"}, headers=running.headers()
    ) as answer:
        await anext(answer.aiter_raw())
        for _ in range(20):
            assert (await running.get("files", path="/")).status_code == 200  # others go on meanwhile
            memory.look()
    assert memory.growth <= 30 * MB


async def test_a_revocation_arrives_over_the_bus_and_cuts_in_time(running: Running) -> None:
    page = await Page.connect(
        f"ws://127.0.0.1:{running.port}/stream/files/watch/{PROJECT}",
        running.headers()["Authorization"].removeprefix("Grant "),
    )
    await page.look("/")
    event = AccountRevoked(account_id=ACCOUNT, person_id=PERSON, credential_id=CREDENTIAL, reason="signed_out")
    await running.gateway.publish(AccountRevoked.subject, event.model_dump_json().encode(), event.event_id, {})
    assert await page.ends(5) == 4001


async def test_an_orderly_stop_finishes_what_was_begun_and_tells_pages_to_come_back(running: Running) -> None:
    page = await Page.connect(
        f"ws://127.0.0.1:{running.port}/stream/files/watch/{PROJECT}",
        running.headers()["Authorization"].removeprefix("Grant "),
    )
    await page.look("/")

    async def body() -> AsyncIterator[bytes]:
        yield b"be"
        running.process.terminate()
        assert await page.ends() == 1012
        yield b"gun"

    answer = await running.client.put(
        running.address("files"), params={"path": "/a"}, content=body(), headers=running.headers()
    )
    assert answer.status_code == 201
    assert running.process.wait(timeout=10) == 0
    assert running.workspace.at("/a").read_text() == "begun"
