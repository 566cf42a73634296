"""The whole service with real machines: sshd, the sandbox where there is one, git, and the first prompt."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest_asyncio

from aether.contracts.machines import (
    IssueSshCertificate,
    MachineStarted,
    MachineStopped,
    ProjectView,
    StartMachine,
    StopMachine,
)
from aether.kit.postgres import Database
from aether.kit.ssh import connect
from aether.machines.adapters.local import LocalProvider
from aether.machines.adapters.ssh import SshDoor
from aether.machines.deps import SystemClock
from aether.machines.provider import Observed
from aether.machines.reconciler.clones import Clones
from aether.machines.reconciler.reconciler import Reconciler
from aether.machines.reconciler.watch import Watch
from aether.machines.store.claims import Claims
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.postgres import PostgresServer

from .conftest import Box, boxed

KEY = asyncssh.generate_private_key("ssh-ed25519")
WITHIN = 40


class RealBox(Box):
    """The same box with real machines in it, and everything that goes on by itself going on."""

    async def enter(self, project: ProjectView) -> asyncssh.SSHClientConnection:
        public_key = KEY.export_public_key().decode().strip()
        way = await self.ask(IssueSshCertificate(project_id=project.id, public_key=public_key))
        return await connect(way, KEY)

    async def run(self, project: ProjectView, command: str) -> str:
        async with await self.enter(project) as connection:
            done = await connection.run(command, check=True)
            return str(done.stdout).strip()

    async def until(self, project: ProjectView, status: str, clone: str = "") -> ProjectView:
        async def is_so() -> bool:
            view = await self.view(project)
            assert view.status != "error" or status == "error", view.status_detail
            return view.status == status and clone in ("", view.clone.state)

        await eventually(is_so, within=WITHIN, every=0.05)
        return await self.view(project)

    async def start(self, project: ProjectView, clone: str = "") -> ProjectView:
        await self.about(StartMachine, project)
        return await self.until(project, "running", clone)


@pytest_asyncio.fixture
async def real(postgres_server: PostgresServer, migrated: str, server_folder: Path) -> AsyncIterator[RealBox]:
    require_host("sshd", "git")
    url = await postgres_server.create_database(template=migrated)
    provider = LocalProvider(server_folder / "local-home")
    async with Database.connect(url, "machines") as database:
        box = await boxed(database, url)
        real = RealBox(**{name: getattr(box, name) for name in Box.__dataclass_fields__})
        real.machines.providers = {"local": provider}
        real.machines.door = SshDoor()
        real.machines.clock = SystemClock()
        real.machines.settings = real.machines.settings.model_copy(update={"sweep_seconds": 0.5})
        async with going_on(real):
            yield real
        for status in await provider.list():
            if status.observed is not Observed.GONE:
                await provider.stop(status.machine_id)
    provider.close()
    await postgres_server.drop_database(url)


@contextlib.asynccontextmanager
async def going_on(box: RealBox) -> AsyncIterator[None]:
    claims = Claims(box.url)
    reconciler = Reconciler(box.machines, claims)
    box.machines.wake = reconciler.wake
    loops = (reconciler.run(), Clones(box.machines, claims).run(), Watch(box.machines).run())
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await claims.close()


async def test_a_project_is_created_started_entered_stopped_and_its_files_stay(real: RealBox) -> None:
    project = await real.create("Empty")
    running = await real.start(project)
    assert running.machine is not None
    assert await real.run(project, "echo kept > ~/workspace/note; pwd; whoami") != ""
    assert await real.run(project, "id -u") != "0"
    await real.about(StopMachine, project)
    await real.until(project, "stopped")
    again = await real.start(project)
    assert again.machine is not None
    assert again.machine.generation == 2
    assert await real.run(project, "cat ~/workspace/note") == "kept"
    [first, second] = await real.said(MachineStarted)
    [stopped] = await real.said(MachineStopped)
    assert (stopped.interval_id, stopped.reason) == (first.interval_id, "asked")
    assert first.started_at <= stopped.stopped_at <= second.started_at
