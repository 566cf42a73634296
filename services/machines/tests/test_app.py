"""The service as a process of its own, asked over a real NATS as the gateway and the terminal service ask it."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest_asyncio

from aether.cli.embedded.ports import any_free_port
from aether.contracts.ids import AccountId, PersonId, new_id
from aether.contracts.machines import (
    CreateProject,
    DeleteProject,
    GetProject,
    IssueSshCertificate,
    ProjectView,
    StartMachine,
)
from aether.contracts.problem import Refusal
from aether.contracts.service import Service
from aether.kit.bus import Bus
from aether.kit.provision import provision_streams
from aether.kit.ssh import connect
from aether.kit.vault import new_keyset
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.nats import EmbeddedNats
from aether.testkit.postgres import EmbeddedPostgres, PostgresServer

KEY = asyncssh.generate_private_key("ssh-ed25519")
PUBLIC_KEY = KEY.export_public_key().decode().strip()
ACCOUNT, PERSON = AccountId(new_id()), PersonId(new_id())


class Running:
    """The process, and the two services that talk with it."""

    def __init__(self, environment: dict[str, str], gateway: Bus, terminal: Bus) -> None:
        self._environment = environment
        self.gateway = gateway
        self.terminal = terminal
        self.process = self._begin()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        self.process = self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "aether.machines"], env=self._environment, start_new_session=True
        )

    async def ask(self, project: ProjectView, command: type[Any]) -> Any:
        asked = command(account_id=ACCOUNT, project_id=project.id)
        return await self.gateway.request(asked, timeout=20)

    async def create(self) -> ProjectView:
        return await self.gateway.request(
            CreateProject(account_id=ACCOUNT, person_id=PERSON, name="App"), timeout=20
        )

    async def until_running(self, project: ProjectView) -> ProjectView:
        async def runs() -> bool:
            try:
                # A short wait: what was sent into a connection that was just cut is never answered.
                view = await self.gateway.request(GetProject(account_id=ACCOUNT, project_id=project.id), timeout=1)
            except Refusal:
                return False  # The service, or what it stands on, is just being started again.
            assert view.status != "error", view.status_detail
            return bool(view.status == "running")

        await eventually(runs, within=40, every=0.05)
        return await self.gateway.request(GetProject(account_id=ACCOUNT, project_id=project.id))

    async def delete(self, project: ProjectView) -> None:
        await self.ask(project, DeleteProject)

        async def gone() -> bool:
            folder = Path(self._environment["AETHER_HOME"]) / "volumes" / str(project.id)
            return not folder.exists()

        await eventually(gone, within=20)


@contextlib.asynccontextmanager
async def serving(database_url: str, nats_url: str, folder: Path) -> AsyncIterator[Running]:
    require_host("sshd")
    await provision_streams(nats_url)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    keyset = folder / "keyset.json"
    keyset.write_text(new_keyset())
    environment = {
        "PATH": os.environ["PATH"],
        "AETHER_HOME": str(folder),
        "AETHER_NATS_URL": nats_url,
        "AETHER_DATABASE_URL": database_url,
        "AETHER_MASTER_KEYSET_FILE": str(keyset),
        "AETHER_LOG_LEVEL": "WARNING",
        "MACHINES_PORT": str(any_free_port()),
        "MACHINES_SWEEP_SECONDS": "0.5",
    }
    async with (
        Bus.connect(nats_url, Service.GATEWAY) as gateway,
        Bus.connect(nats_url, Service.TERMINAL) as terminal,
    ):
        running = Running(environment, gateway, terminal)
        try:
            yield running
        finally:
            running.process.terminate()
            await asyncio.to_thread(running.process.wait, 10)


@pytest_asyncio.fixture
async def service(
    postgres_server: PostgresServer, nats_server: EmbeddedNats, server_folder: Path
) -> AsyncIterator[Running]:
    url = await postgres_server.create_database()
    async with serving(url, nats_server.url, server_folder / "app-home") as running:
        yield running
    await postgres_server.drop_database(url)


async def test_it_makes_starts_and_opens_a_machine_and_signs_in_milliseconds(service: Running) -> None:
    project = await service.create()
    await service.ask(project, StartMachine)
    await service.until_running(project)
    way = await service.terminal.request(IssueSshCertificate(project_id=project.id, public_key=PUBLIC_KEY))
    connection = await connect(way, KEY)
    assert (await connection.run("pwd", check=True)).exit_status == 0
    connection.abort()
    took = []
    for _ in range(30):
        began = time.perf_counter()
        await service.terminal.request(IssueSshCertificate(project_id=project.id, public_key=PUBLIC_KEY))
        took.append(time.perf_counter() - began)
    # The median of what is measured in the other process too; the bound leaves room for a busy computer.
    assert sorted(took)[15] < 0.05
    await service.delete(project)


async def test_a_start_that_was_cut_short_by_a_kill_is_finished_by_the_next_process(service: Running) -> None:
    project = await service.create()
    with contextlib.suppress(Refusal):
        await service.ask(project, StartMachine)
    service.kill()
    service.again()
    running = await service.until_running(project)
    assert running.machine is not None
    assert running.machine.generation == 1
    await service.delete(project)


async def test_a_machine_outlives_its_service(service: Running) -> None:
    project = await service.create()
    await service.ask(project, StartMachine)
    before = await service.until_running(project)
    service.kill()
    service.again()
    after = await service.until_running(project)
    assert after.machine == before.machine
    way = await service.terminal.request(
        IssueSshCertificate(project_id=project.id, public_key=PUBLIC_KEY), timeout=20
    )
    connection = await connect(way, KEY)
    connection.abort()
    await service.delete(project)


async def test_a_start_is_finished_although_postgres_and_nats_are_killed_during_it(
    nats_server: EmbeddedNats, server_folder: Path
) -> None:
    folder = server_folder / "killed"
    folder.mkdir(mode=0o711)
    postgres = EmbeddedPostgres(folder)
    postgres.start()
    async with serving(postgres.url, nats_server.url, folder / "home") as service:
        project = await service.create()
        await service.ask(project, StartMachine)
        postgres.kill()
        nats_server.restart()
        postgres.start()
        running = await service.until_running(project)
        assert running.machine is not None
        assert running.machine.generation == 1
        await service.delete(project)
    postgres.close()


async def test_it_stops_in_order_when_it_is_told_to(service: Running) -> None:
    await service.create()
    began = time.monotonic()
    service.process.terminate()
    assert await asyncio.to_thread(service.process.wait, 10) == 0
    assert time.monotonic() - began < 5
