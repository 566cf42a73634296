"""The whole service with real machines: sshd, the sandbox where there is one, git, and the first prompt."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aether.cli.embedded.ports import any_free_port
from aether.contracts.machines import (
    DeleteProject,
    IssueSshCertificate,
    MachineStarted,
    MachineStopped,
    ProjectChanged,
    ProjectDeleted,
    ProjectView,
    StartMachine,
    StopMachine,
)
from aether.kit.postgres import Database
from aether.kit.ssh import connect
from aether.kit.trace import tracer
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
        connection = await self.enter(project)
        try:
            done = await connection.run(command, check=True)
        finally:
            connection.abort()
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
    """Machines as this host makes them best."""
    require_host("sshd", "git")
    async with real_box(postgres_server, migrated, LocalProvider(server_folder / "local-home")) as box:
        yield box


@pytest_asyncio.fixture
async def bare(postgres_server: PostgresServer, migrated: str, server_folder: Path) -> AsyncIterator[RealBox]:
    """Machines as a host without sshd and bubblewrap makes them."""
    require_host("git")
    provider = LocalProvider(server_folder / "bare-home", sandbox=False)
    async with real_box(postgres_server, migrated, provider) as box:
        yield box


@contextlib.asynccontextmanager
async def real_box(
    postgres_server: PostgresServer, migrated: str, provider: LocalProvider
) -> AsyncIterator[RealBox]:
    url = await postgres_server.create_database(template=migrated)
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
    clones = Clones(box.machines, claims)
    box.machines.on_change = [reconciler.wake, clones.wake]
    loops = (reconciler.run(), clones.run(), Watch(box.machines).run())
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


@dataclass(frozen=True)
class Repositories:
    """What a git server on loopback has, and where it lies."""

    url: str
    root: Path

    def add(self, name: str) -> None:
        _git(self.root, "clone", "-q", "--bare", "work", name)


@pytest.fixture(scope="session")
def repositories(server_folder: Path) -> Iterator[Repositories]:
    """A git server on loopback with one repository, `demo.git`: branches main and other."""
    require_host("git")
    root = server_folder / "repositories"
    work = root / "work"
    work.mkdir(parents=True)
    _git(work, "init", "-q", "-b", "main")
    (work / "README.md").write_text("hello\n")
    (work / ".hidden").write_text("seen\n")
    (work / "big").write_bytes(os.urandom(3_000_000))
    _git(work, "add", ".")
    _git(work, "commit", "-qm", "first")
    _git(work, "checkout", "-qb", "other")
    (work / "other.txt").write_text("other\n")
    _git(work, "add", ".")
    _git(work, "commit", "-qm", "second")
    _git(work, "checkout", "-q", "main")
    _git(root, "clone", "-q", "--bare", "work", "demo.git")
    port = any_free_port()
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            f"--base-path={root}",
            "--listen=127.0.0.1",
            f"--port={port}",
            str(root),
        ],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        },
    )
    yield Repositories(f"git://127.0.0.1:{port}", root)
    os.killpg(daemon.pid, signal.SIGKILL)
    daemon.wait()


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


async def test_the_repository_is_in_the_workspace_after_the_first_start(
    real: RealBox, repositories: Repositories
) -> None:
    project = await real.create("Cloned", repo_url=f"{repositories.url}/demo.git")
    assert project.clone.state == "pending"
    await real.start(project, clone="done")
    assert (
        await real.run(project, "cd ~/workspace && cat README.md .hidden && git status --porcelain")
        == "hello\nseen"
    )
    assert await real.run(project, "cd ~/workspace && git rev-list --count HEAD") == "1"
    assert await real.run(project, "ls -A ~/.cache/aether") == "clone.lock"
    states = [event.project.clone.state for event in await real.said(ProjectChanged)]
    assert [state for n, state in enumerate(states) if state not in states[:n]] == ["pending", "running", "done"]


async def test_the_branch_that_was_asked_for_is_cloned(real: RealBox, repositories: Repositories) -> None:
    project = await real.create("Branch", repo_url=f"{repositories.url}/demo.git", branch="other")
    await real.start(project, clone="done")
    assert await real.run(project, "cat ~/workspace/other.txt") == "other"


@pytest.mark.parametrize(
    ("path", "branch", "sentence"),
    [
        ("/missing.git", "", "The repository is private, or does not exist: this machine has no access to it."),
        ("/demo.git", "nowhere", "The repository has no branch of that name."),
    ],
)
async def test_a_clone_that_fails_leaves_a_usable_machine_and_says_why(
    real: RealBox, repositories: Repositories, path: str, branch: str, sentence: str
) -> None:
    project = await real.create("Failing", repo_url=repositories.url + path, branch=branch)
    failed = await real.start(project, clone="failed")
    assert failed.clone.message == sentence
    assert await real.run(project, "cd ~/workspace && pwd && ls -A")


async def test_a_private_repository_is_said_to_be_private(real: RealBox) -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    project = await real.create("Private", repo_url=f"http://127.0.0.1:{port}/private.git")
    failed = await real.start(project, clone="failed")
    assert "no access" in failed.clone.message
    server.close()


async def test_a_failed_clone_is_tried_again_at_the_next_start(real: RealBox, repositories: Repositories) -> None:
    project = await real.create("Later", repo_url=f"{repositories.url}/later.git")
    await real.start(project, clone="failed")
    await real.about(StopMachine, project)
    await real.until(project, "stopped")
    repositories.add("later.git")
    await real.start(project, clone="done")
    assert await real.run(project, "cat ~/workspace/README.md") == "hello"


async def test_a_host_without_sshd_and_bubblewrap_clones_from_its_own_folders(
    bare: RealBox, repositories: Repositories
) -> None:
    project = await bare.create("File", repo_url=f"file://{repositories.root}/demo.git")
    await bare.start(project, clone="done")
    assert await bare.run(project, "cat ~/workspace/README.md") == "hello"


async def test_a_machine_that_dies_is_told_of_within_seconds(real: RealBox) -> None:
    project = await real.start(await real.create("Dying"))
    assert project.machine is not None
    # Behind the service's back, as when the computer ran out of memory.
    await real.machines.providers["local"].stop(project.machine.id)
    stopped = await real.until(project, "stopped")
    assert stopped.status_detail == "The machine ended by itself."
    [fact] = await real.said(MachineStopped)
    assert fact.reason == "died"


async def test_a_project_deleted_while_it_starts_leaves_nothing(real: RealBox) -> None:
    project = await real.create("Doomed")
    await real.about(StartMachine, project)
    await real.about(DeleteProject, project)

    async def gone() -> bool:
        return not await real.count("SELECT count(*) FROM machines.project")

    await eventually(gone, within=WITHIN)
    assert {s.observed for s in await real.machines.providers["local"].list()} <= {Observed.GONE}
    assert await real.said(MachineStopped) == []
    assert len(await real.said(ProjectDeleted)) == 1


async def test_one_trace_goes_from_the_order_to_the_first_prompt(
    real: RealBox, spans: InMemorySpanExporter
) -> None:
    project = await real.create("Traced")
    with tracer.start_as_current_span("click") as click:
        await real.start(project)
    names = {s.name for s in spans.get_finished_spans() if s.context.trace_id == click.get_span_context().trace_id}
    assert names >= {"click", "start machine", "provider start", "ssh connect", "ssh prompt"}


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    # OpenTelemetry takes a provider once a process; another test may have set one before.
    if not isinstance(otel.get_tracer_provider(), TracerProvider):
        otel.set_tracer_provider(TracerProvider())
    provider = otel.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    exporter.clear()
    return exporter
